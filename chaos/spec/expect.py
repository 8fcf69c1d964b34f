"""What a good answer is: its status, its headers, its body, and when it begins."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from chaos.spec import templates
from chaos.spec.broken import BrokenRule, Place
from chaos.spec.fields import FieldName, Status
from chaos.spec.jsonpath import JsonPath
from chaos.spec.near import instead
from chaos.spec.units import Positive, Size, is_written
from chaos.spec.yamlfile import Model

ABSENT, PRESENT = "absent", "present"
_OF_A_BODY = ("json", "contains", "lacks", "matches", "min_size", "max_size", "sse")
_BODILESS = (204, 304)
_OF_ITS_TEXT = ("json", "contains", "lacks", "matches", "sse")


def _pattern(text: str) -> str:
    """A regular expression. No names are filled in: `{uuid}` in it would never match."""
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"must be a regular expression: {error}") from None
    if named := next((each.word for each in templates.names(text) if each.word in templates.NAMES), None):
        raise ValueError(f"must not hold {{{named}}}: a regular expression is not filled in")
    return text


def _listed(given: Any) -> Any:
    return given if isinstance(given, list | tuple) else [given]


def _number(given: Any) -> Any:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ValueError("must be a number")
    return given


Pattern = Annotated[str, AfterValidator(_pattern), Field(min_length=1)]
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_listed)]
Number = Annotated[int | float, BeforeValidator(_number)]


class Condition(Model):
    """A rule about a value of a JSON answer, or about a header: all that is given holds."""

    equals: Any = None  # a document in which names are filled in
    is_null: bool = False  # set by `equals: null`
    at_least: Number | None = None
    at_most: Number | None = None
    matches: Pattern | None = None
    absent: bool = False
    present: bool = False

    @model_validator(mode="before")
    @classmethod
    def _of_a_mapping(cls, given: Any) -> Any:
        written = isinstance(given, dict) and "is_null" not in given  # else it was read before
        return given | {"is_null": True} if written and given.get("equals", 0) is None else given

    def broken_rules(self) -> Iterator[BrokenRule]:
        if not self.model_fields_set - {"is_null"}:
            yield BrokenRule("needs a rule: one of equals, at_least, at_most, matches, absent, present")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            yield BrokenRule("must be at most `at_most`", "at_least")
        if self.absent:
            yield from _beside_absent(self, ("equals", "at_least", "at_most", "matches", "present"))
        if self.present and self.is_null:
            yield BrokenRule("null counts as absent: remove it, or `equals`", "present")
        yield from templates.not_json(self.equals, ("equals",))


def _as_condition(given: Any) -> Any:
    """`absent` and `present` are words; other values are what the answer's must equal."""
    if given in (ABSENT, PRESENT):
        return {given: True}
    if not isinstance(given, dict):
        return given if isinstance(given, Condition) else {"equals": given}
    known = [name for name in Condition.model_fields if name != "is_null"]
    for key in given:
        if key not in (*known, "is_null"):
            rule = (
                f"unknown rule {key!r}; {instead(str(key), known)}; an object is given as {{equals: {{...}}}}"
            )
            raise BrokenRule(rule)
    return given


def _as_field(given: Any) -> Any:
    """Text is what the header's value contains."""
    return {"contains": given} if isinstance(given, str) and given not in (ABSENT, PRESENT) else _word(given)


def _word(given: Any) -> Any:
    return {given: True} if isinstance(given, str) else given


class FieldCondition(Model):
    """A rule about an answer's header; `contains` and `equals` ignore case."""

    contains: Text | None = None
    equals: str | None = None
    matches: Pattern | None = None
    absent: bool = False
    present: bool = False

    def broken_rules(self) -> Iterator[BrokenRule]:
        if not self.model_fields_set:
            yield BrokenRule("needs a rule: one of contains, equals, matches, absent, present")
        if self.absent:
            yield from _beside_absent(self, ("contains", "equals", "matches", "present"))


def _beside_absent(rules: Model, others: Iterable[str]) -> Iterator[BrokenRule]:
    """The first rule that only a value which is there can keep."""
    if found := next((key for key in others if getattr(rules, key) not in (None, False)), None):
        yield BrokenRule("nothing that is absent keeps this rule: remove it, or `absent`", found)


class Stream(Model):
    """A stream of server-sent events: its last event is one of `done`, and none is one of `error`.

    An event is one of these by its name, its data, or the `event` or `type` of a JSON object in its data; an error,
    also by a member of that name, unless it is null, false, 0 or empty.
    """

    done: Texts = ("done", "[DONE]")
    error: Texts = ("error",)


def _is_within(text: str, other: str) -> bool:
    """True if all text that holds the other one holds this one; names in braces may become anything."""
    return text == other or (text in other and not any("{" in each or "}" in each for each in (text, other)))


def _as_expectation(given: Any) -> Any:
    """`expect: [200, 404]` and `expect: 201` mean the statuses."""
    if isinstance(given, str):
        raise ValueError("must be a status, a list of statuses, or keys with values; any 2xx is the default")
    is_status = isinstance(given, list | tuple | int) and not isinstance(given, bool)
    return {"status": given} if is_status else given


class Expect(Model):
    """Defines a good answer. Nothing given: any 2xx."""

    model_config = ConfigDict(serialize_by_alias=True)

    status: Annotated[tuple[Status, ...], BeforeValidator(_listed)] = ()  # empty: any 2xx
    headers: dict[FieldName, Annotated[FieldCondition, BeforeValidator(_as_field)]] = Field(
        default_factory=dict
    )
    document: dict[JsonPath, Annotated[Condition, BeforeValidator(_as_condition)]] = Field(
        default_factory=dict, alias="json"
    )
    contains: Texts = ()
    lacks: Texts = ()  # such as `event: error` of a stream
    matches: Annotated[tuple[Pattern, ...], BeforeValidator(_listed)] = ()  # somewhere in the text
    min_size: Size | None = None  # of the body
    max_size: Size | None = None
    first_byte: Positive | None = None  # seconds from sending to the answer's first byte
    sse: Stream | None = None

    @model_validator(mode="before")
    @classmethod
    def _statuses(cls, given: Any) -> Any:
        return _as_expectation(given)

    @field_validator("sse", mode="before")
    @classmethod
    def _any_stream(cls, given: Any, info: ValidationInfo) -> Any:
        """`sse:` without a value is one with its defaults."""
        return {} if given is None and is_written(info) else given

    def broken_rules(self) -> Iterator[BrokenRule]:
        if self.min_size is not None and self.max_size is not None and self.min_size > self.max_size:
            yield BrokenRule("must be at most `max_size`", "min_size")
        is_empty = self.status and all(status < 200 or status in _BODILESS for status in self.status)
        if is_empty and (found := self._of_something()):
            yield BrokenRule(f"the answer with status {self.status[0]} has no body", found)
        for index, text in enumerate(self.lacks):
            if any(_is_within(text, each) for each in self.contains):
                yield BrokenRule("is in a text under `contains`: remove one of them", "lacks", index)

    def _of_something(self) -> str | None:
        """The first rule that an empty body breaks."""
        held = {
            "json": self.document,
            "contains": self.contains,
            "matches": [each for each in self.matches if not re.search(each, "")],
            "min_size": self.min_size,
            "sse": self.sse,
        }
        return next((key for key, rules in held.items() if rules), None)

    @property
    def accepted(self) -> Collection[int]:
        """The statuses of a good answer."""
        return self.status or range(200, 300)

    @property
    def reads_text(self) -> bool:
        """True if a rule looks into the text of the body."""
        return bool(self.given(_OF_ITS_TEXT))

    def misfits(self, method: str, compressed: bool) -> Iterator[BrokenRule]:
        """Rules that no answer to such a request can keep."""
        if method == "HEAD" and (found := self.given(_OF_A_BODY)):
            yield BrokenRule("the answer to HEAD has no body", "expect", found[0])
        if compressed:
            yield from self.unpacked("the request asks for a compressed body", "remove its Accept-Encoding")

    def unpacked(self, because: str, instead: str) -> Iterator[BrokenRule]:
        """The first rule that needs a body which is not compressed."""
        if found := self.given(_OF_ITS_TEXT):
            yield BrokenRule(f"{because}, which is not unpacked: {instead}", "expect", found[0])

    def texts(self, place: Place) -> Iterator[tuple[Place, str]]:
        """Every text in which names are filled in, with its place."""
        for name, field in self.headers.items():
            yield from templates.strings(
                {"contains": field.contains, "equals": field.equals}, (*place, "headers", name)
            )
        for path, condition in self.document.items():
            yield from templates.strings(condition.equals, (*place, "json", path))
        for key in ("contains", "lacks"):
            yield from templates.strings(getattr(self, key), (*place, key))

    def given(self, keys: Iterable[str]) -> list[str]:
        """Those of these keys that hold a rule."""
        held: Mapping[str, Any] = {**dict(self), "json": self.document}
        return [key for key in keys if held[key] not in (None, (), {})]
