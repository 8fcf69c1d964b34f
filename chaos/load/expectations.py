"""What a route expects of an answer, prepared before the play; of a bad answer, the part that was not met."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from chaos.load import streams
from chaos.load.values import Prepared, Row, Values, as_text
from chaos.record.hits import Outcome
from chaos.spec import templates
from chaos.spec.expect import Condition, Expect, FieldCondition, Stream
from chaos.spec.jsonpath import Find, finder

LONGEST = 80
"""Characters of a value that a reason shows."""


class Answer(NamedTuple):
    """One complete answer."""

    status: int
    body: bytes
    headers: Sequence[tuple[bytes, bytes]] = ()  # names in lower case
    first_byte: float = 0.0  # seconds from sending


class Bad(NamedTuple):
    """Why an answer is not good. `why` may quote the answer: mask it before it is written."""

    outcome: Outcome
    why: str


Rule = Callable[[Answer, Row], Bad | None]
Same = Callable[[Any, Row], bool]
_NO_ROW = Row(0)
_CODING = b"content-encoding"


class Expectation:
    """The rules of one `expect`, the cheapest first. `headers` are the fields that they look at, in lower case."""

    def __init__(self, expect: Expect, values: Values) -> None:
        self._status = frozenset(expect.status)
        self._rules = tuple(_rules(expect, values))
        self.headers = frozenset(name.lower().encode() for name in expect.headers)
        if expect.reads_text:
            self.headers |= {_CODING}

    def broken(self, answer: Answer, row: Row | None = None) -> Bad | None:
        """The first rule that the answer breaks; None for a good answer. `row` is that of the request."""
        status = answer.status
        if not (status in self._status if self._status else 200 <= status < 300):
            return Bad(Outcome.BAD_STATUS, f"it was answered with {status}")
        for rule in self._rules:
            if (bad := rule(answer, row or _NO_ROW)) is not None:
                return bad
        return None


def _rules(expect: Expect, values: Values) -> Iterator[Rule]:
    if expect.first_byte is not None:
        yield partial(_first_byte, expect.first_byte)
    if expect.min_size is not None or expect.max_size is not None:
        most = float("inf") if expect.max_size is None else expect.max_size
        yield partial(_size, expect.min_size or 0, most)
    if expect.reads_text:
        yield _not_compressed
    for name, field in expect.headers.items():
        yield partial(_header, name, name.lower().encode(), field, _in_lower_case(field, values))
    for text in expect.contains:
        yield partial(_contains, values.text(text))
    for text in expect.lacks:
        yield partial(_lacks, values.text(text))
    for pattern in expect.matches:
        yield partial(_matches, re.compile(pattern))
    if expect.document:
        rules = expect.document.items()
        yield partial(_json, [(path, finder(path), _condition(each, values)) for path, each in rules])
    if expect.sse is not None:
        done, error = ([name.encode() for name in names] for names in (expect.sse.done, expect.sse.error))
        yield partial(_stream, expect.sse, done, error)


def _first_byte(most: float, answer: Answer, _: Row) -> Bad | None:
    if answer.first_byte <= most:
        return None
    return Bad(
        Outcome.LATE_BEGIN, f"its first byte came after {answer.first_byte:.3f} s, expected within {most:g} s"
    )


def _size(least: int, most: float, answer: Answer, _: Row) -> Bad | None:
    if least <= len(answer.body) <= most:
        return None
    bound = f"at least {least}" if len(answer.body) < least else f"at most {most:.0f}"
    return Bad(Outcome.BAD_SIZE, f"its body has {len(answer.body)} bytes, expected {bound}")


def _not_compressed(answer: Answer, _: Row) -> Bad | None:
    """Nothing is unpacked: of a compressed body, `lacks` would be met whatever it says."""
    packed = [value.decode("latin-1") for name, value in answer.headers if name == _CODING]
    if all(value.strip().lower() in ("", "identity") for value in packed):
        return None
    return Bad(
        Outcome.BAD_BODY, f"its body is compressed ({_shown(', '.join(packed))}), which was not asked for"
    )


def _in_lower_case(field: FieldCondition, values: Values) -> tuple[Prepared | None, Prepared | None]:
    texts = (field.contains, field.equals)
    contains, equals = (None if text is None else values.text(text) for text in texts)
    return contains, equals


def _header(
    name: str,
    key: bytes,
    field: FieldCondition,
    prepared: tuple[Prepared | None, Prepared | None],
    answer: Answer,
    row: Row,
) -> Bad | None:
    found = [value.decode("latin-1") for each, value in answer.headers if each == key]
    contains, equals = (None if each is None else each.text(row).lower() for each in prepared)
    good = (
        not (field.absent and found)
        and (field.absent or bool(found))
        and (contains is None or any(contains in value.lower() for value in found))
        and (equals is None or any(equals == value.lower() for value in found))
        and (field.matches is None or any(re.search(field.matches, value) for value in found))
    )
    said = _shown(", ".join(found)) if found else "absent"
    return None if good else Bad(Outcome.BAD_HEADER, f"its header {name} is {said}")


def _contains(text: Prepared, answer: Answer, row: Row) -> Bad | None:
    wanted = text.bytes(row)
    return (
        None if wanted in answer.body else Bad(Outcome.BAD_BODY, f"its body lacks {_shown(wanted.decode())}")
    )


def _lacks(text: Prepared, answer: Answer, row: Row) -> Bad | None:
    barred = text.bytes(row)
    return (
        Bad(Outcome.BAD_BODY, f"its body contains {_shown(barred.decode())}")
        if barred in answer.body
        else None
    )


def _matches(pattern: re.Pattern[str], answer: Answer, _: Row) -> Bad | None:
    if pattern.search(answer.body.decode(errors="replace")):
        return None
    return Bad(Outcome.BAD_BODY, f"its body does not match {_shown(pattern.pattern)}")


def _json(
    checks: Sequence[tuple[str, Find, Callable[[Sequence[Any], Row], str | None]]], answer: Answer, row: Row
) -> Bad | None:
    try:
        document = json.loads(answer.body)
        for path, find, broken in checks:
            if (why := broken(find(document), row)) is not None:
                return Bad(Outcome.BAD_JSON, f"{path} {why}")
    except (ValueError, RecursionError):
        return Bad(Outcome.BAD_JSON, "its body is not JSON")
    return None


def _condition(condition: Condition, values: Values) -> Callable[[Sequence[Any], Row], str | None]:
    """What is wrong with the values that a path selects, in words; None if nothing is. Each of them has to keep the
    rule, and without `absent` there has to be one. A null counts as absent, except where it is the value to equal.
    """
    if condition.absent:
        return _not_absent
    wants_null = condition.is_null
    same = same_as(condition.equals, values) if condition.equals is not None or wants_null else None
    pattern = None if condition.matches is None else re.compile(condition.matches)

    def keeps(value: Any, row: Row) -> bool:
        if value is None:
            return wants_null
        return (
            (same is None or same(value, row))
            and (condition.at_least is None or (_is_number(value) and value >= condition.at_least))
            and (condition.at_most is None or (_is_number(value) and value <= condition.at_most))
            and (pattern is None or (_is_scalar(value) and bool(pattern.search(as_text(value)))))
        )

    def broken(found: Sequence[Any], row: Row) -> str | None:
        for value in found:
            if not keeps(value, row):
                return f"is {_shown(value)}"
        return None if found else "is absent"

    return broken


def _not_absent(found: Sequence[Any], _: Row) -> str | None:
    there = next((value for value in found if value is not None), None)
    return None if there is None else f"is {_shown(there)}, not absent"


def same_as(wanted: Any, values: Values) -> Same:
    """Compares a value of an answer with a document in which names are filled in.

    Kinds count: `1` is not `true` and not `"1"`. What is exactly one name of a number may be answered as text, too.
    """
    if isinstance(wanted, str):
        return _same_text(wanted, values)
    if isinstance(wanted, Mapping):
        fields = [(values.text(str(key)), same_as(value, values)) for key, value in wanted.items()]
        return lambda found, row: (
            isinstance(found, dict)
            and len(found) == len(fields)
            and all((name := key.text(row)) in found and same(found[name], row) for key, same in fields)
        )
    if isinstance(wanted, list | tuple):
        items = [same_as(value, values) for value in wanted]
        return lambda found, row: (
            isinstance(found, list)
            and len(found) == len(items)
            and all(same(each, row) for each, same in zip(found, items, strict=True))
        )
    return lambda found, _: _is_same(found, wanted)


def _same_text(template: str, values: Values) -> Same:
    name = templates.alone(template)
    if name is not None and not name.as_text:
        get = values.getter(name.word)

        def is_value(found: Any, row: Row) -> bool:
            value = get(row)
            return _is_same(found, value) or (isinstance(found, str) and found == as_text(value))

        return is_value
    prepared = values.text(template)
    if prepared.constant is not None:
        text = prepared.constant.decode()
        return lambda found, _: isinstance(found, str) and found == text
    return lambda found, row: isinstance(found, str) and found == prepared.text(row)


def _is_same(found: Any, wanted: Any) -> bool:
    if _is_number(found) and _is_number(wanted):
        return bool(found == wanted)
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(_is_same, found, wanted))
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(_is_same(found[key], wanted[key]) for key in found)
    return type(found) is type(wanted) and bool(found == wanted)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _stream(
    stream: Stream, done: Sequence[bytes], error: Sequence[bytes], answer: Answer, _: Row
) -> Bad | None:
    if any(name in answer.body for name in error):
        for event in streams.events(answer.body):
            if any(streams.is_called(event, name) or streams.holds(event, name) for name in error):
                said = _shown(event.data.decode(errors="replace"))
                return Bad(Outcome.BAD_STREAM, f"its stream has an error event: {said}")
    last = streams.last(answer.body)
    if last is None:
        return Bad(Outcome.BAD_STREAM, "its body is not an event stream, or has no complete event")
    if any(streams.is_called(last, name) for name in done):
        return None
    names, end = " or ".join(stream.done), _shown((last.name or last.data).decode(errors="replace"))
    return Bad(Outcome.BAD_STREAM, f"its stream does not end with {names}, but with {end}")


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
