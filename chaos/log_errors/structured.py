"""Entries that are JSON: their level, their instant, and the stacks in their values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chaos.log_errors import at_lines, go, layouts, python
from chaos.log_errors.found import LOG, LONGEST_TEXT, POSTGRESQL, Found
from chaos.log_errors.instants import Instants
from chaos.log_errors.stack import Block, Frame, Stack, made

MAY_MATTER = re.compile(
    r"\"(?:level|severity|lvl|levelname|log\.level|error_severity|log_level|loglevel|levelno|severity_?text|l|s)\"\s*:\s*"
    r"(?:\"(?:error|critical|fatal|severe|panic|dpanic|crit|alert|emerg\w*|err|E|F|FATAL|ERROR|PANIC)\"|[5-9]\d\b)"
    r"|\"level\"\s*:\s*\{[^{}]*\"name\"\s*:\s*\"(?:error|critical)\""  # loguru's
    r"|Traceback \(most|\\n\s*(?:\\t)?\s*at |goroutine \d|\\n\\t|\"exc_type\"",
    re.I,
)
_LEVELS = (
    "level", "severity", "lvl", "levelname", "log.level", "log_level", "loglevel", "error_severity",
    "severity_text",
)  # fmt: skip
_TIMES = (
    "time", "timestamp", "@timestamp", "ts", "asctime", "t", "date", "datetime", "eventTime", "instant",
    "timeMillis",
)  # fmt: skip
_MESSAGES = ("message", "msg", "event", "error", "err", "body")
_TYPES = ("error.type", "error.kind", "exception.type", "type", "name", "class", "className", "kind")
_TEXTS = ("error.message", "exception.message", *_MESSAGES)
_MEMBERS = ("errors", "aggregateErrors")
_ERRORS = frozenset(
    {
        "error", "critical", "fatal", "severe", "panic", "dpanic", "crit", "alert", "emerg", "emergency",
        "err",
    }
)  # fmt: skip
_BEGINS = re.compile(r"Traceback \(most|\n\s*at |goroutine \d|\n\t\S+:\d+|^\s+at |^  File \"")
_MOST_VALUES, _DEEPEST, _MOST_AROUND, _MOST_MEMBERS = 400, 5, 40, 100

Parse = Callable[[str], list[Stack]]
"""Returns the stacks in a text of several lines."""


def read(text: str, instants: Instants, stamp: str, parse: Parse) -> list[Found] | None:
    """Return the errors in an entry; None if the text is no JSON object."""
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    if records := list(layouts.records(entry)):
        return [
            found for each in records for found in _errors(each, json.dumps(each), instants, stamp, parse)
        ]
    return _errors(entry, text, instants, stamp, parse)


def _errors(entry: Mapping[str, Any], text: str, instants: Instants, stamp: str, parse: Parse) -> list[Found]:
    entry = layouts.flat(entry)
    at = _instant(entry, instants)
    if at is None and stamp:
        at = instants.of(stamp)
    level = _level(entry)
    for value, holder in _values(entry):
        if stacks := _stacks(value, holder, entry, parse):
            shown = value if isinstance(value, str) else json.dumps(value)
            inner = _inner(stacks, holder, entry, parse)
            return [Found(stack, at, shown[:LONGEST_TEXT]) for stack in inner]
    if level is None:
        return []
    language = POSTGRESQL if "error_severity" in entry else LOG
    return [Found(Stack(language, level, _message(entry), ()), at, text[:LONGEST_TEXT])]


def _stacks(value: Any, holder: Mapping[str, Any], entry: Mapping[str, Any], parse: Parse) -> list[Stack]:
    if isinstance(value, list):
        return _of_dictionaries(value) or _of_elements(value, holder)
    if not isinstance(value, str) or not _BEGINS.search(value):
        return []
    if value.startswith("  File ") and _first(holder, _TYPES):
        value = f"Traceback (most recent call last):\n{value}"  # `traceback.format_tb`
    if stacks := parse(value):
        return [_named(each, holder, entry) for each in stacks]
    if frames := go.plain_frames(value):
        block = Block()
        block.named(go.ERROR, _told(entry))
        block.frames.extend(reversed(frames))
        return [made("go", block, (), block)]
    return []


def _named(stack: Stack, holder: Mapping[str, Any], entry: Mapping[str, Any]) -> Stack:
    """A stack without its exception has it beside it; a Go logger has the error in its entry."""
    if (stack.language, stack.exception) == ("go", go.ERROR):
        return replace(stack, message=_told(entry))
    name = _first(holder, _TYPES)
    if stack.exception[:1] != "(" or not name:
        return stack
    return Stack(stack.language, name[:200], _first(holder, _TEXTS), stack.frames, stack.raised)


def _inner(
    stacks: list[Stack], holder: Mapping[str, Any], entry: Mapping[str, Any], parse: Parse, depth: int = 0
) -> list[Stack]:
    """The same, or the stacks of the cause or the members that stand beside them."""
    if len(stacks) != 1 or stacks[0].raised or depth == _DEEPEST:
        return stacks
    found = []
    for each in _causes(holder):
        read = (_stacks(_text(value), each, entry, parse) for value in each.values())
        inner = next(filter(None, read), [])
        found += [_raised(stack, stacks[0]) for stack in _inner(inner, each, entry, parse, depth + 1)]
    return found or stacks


def _causes(holder: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = [each for key in _MEMBERS if isinstance(value := holder.get(key), list) for each in value]
    return [each for each in (listed or [holder.get("cause")])[:_MOST_MEMBERS] if isinstance(each, dict)]


def _raised(root: Stack, outer: Stack) -> Stack:
    """The stack of a cause: if it has no frame of the application, that of the outer exception decides."""
    frames = root.frames if any(frame.ours for frame in root.frames) else outer.frames or root.frames
    shown = dict.fromkeys([*frames, *(frame for frame in outer.frames[-1:] if frame.ours)])
    told = "" if outer.exception == root.exception else outer.exception
    return Stack(root.language, root.exception, root.message, tuple(shown), told)


def _of_elements(value: list[Any], holder: Mapping[str, Any]) -> list[Stack]:
    """A stack of Java as Log4j's JsonLayout and Logback's JsonEncoder write it, the deepest frame first."""
    if not value or not (name := _first(holder, _TYPES)):
        return []
    block = Block()
    block.named(name, _first(holder, _TEXTS))
    for each in value[: block.frames.maxlen]:
        if not isinstance(each, dict):
            return []
        owner, method = _first(each, ("class", "className")), _first(each, ("method", "methodName"))
        if not owner or not method:
            return []
        number = each.get("line", each.get("lineNumber"))
        file = _first(each, ("file", "fileName")) or "Unknown Source"
        where = f"{file}:{number}" if isinstance(number, int) and number > 0 else file
        block.frames.appendleft(at_lines.java_frame(f"{owner}.{method}", where))
    return [made("java", block, (), block)]


def _of_dictionaries(value: list[Any], around: Sequence[Block] = ()) -> list[Stack]:
    """A traceback as structlog's `dict_tracebacks` writes it: the root cause comes last, and a group has its members.
    `around`: the blocks of the groups that it is a member of, the outermost last."""
    blocks: list[Block] = []
    for each in value:
        if not isinstance(each, dict) or not isinstance(each.get("exc_type"), str):
            return []
        block = Block()
        block.named(each["exc_type"], str(each.get("exc_value", "")))
        block.frames.extend(_frames(each.get("frames")))
        blocks.append(block)
    if not blocks:
        return []
    for at in reversed(range(len(blocks)) if len(around) < _MOST_AROUND else ()):
        members = value[at].get("exceptions")
        lists = [each for each in members if isinstance(each, list)] if isinstance(members, list) else []
        outwards = [*reversed(blocks[: at + 1]), *around]
        if found := [stack for each in lists[:_MOST_VALUES] for stack in _of_dictionaries(each, outwards)]:
            return found
    outwards = [*reversed(blocks), *around]
    return [made("python", outwards[0], outwards[1:], outwards[-1])]


def _frames(value: Any) -> Iterator[Frame]:
    for each in value if isinstance(value, list) else ():
        if isinstance(each, dict) and isinstance(file := each.get("filename"), str):
            line = each.get("lineno")
            number = line if isinstance(line, int) else 0
            yield Frame(file, number, str(each.get("name", "")), python.is_ours(file))


def _values(entry: Mapping[str, Any]) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Every text and list in the entry, with the object that holds it."""
    waiting: list[tuple[Mapping[str, Any], int]] = [(entry, 0)]
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        holder, depth = waiting.pop(0)
        for value in list(holder.values())[:_MOST_VALUES]:
            if isinstance(value, str | list):
                yield _text(value), holder
            if depth < _DEEPEST:
                objects = value[:_MOST_VALUES] if isinstance(value, list) else [value]
                waiting += [(each, depth + 1) for each in objects if isinstance(each, dict)]


def _text(value: Any) -> Any:
    """The value; one text of a list of lines."""
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return "\n".join(each.rstrip("\n") for each in value)
    return value


def _first(holder: Mapping[str, Any], keys: Sequence[str]) -> str:
    """The text of the first key that has one."""
    return next((value for key in keys if isinstance(value := holder.get(key), str)), "")


def _level(entry: Mapping[str, Any]) -> str | None:
    """The entry's level in capitals, if it is that of an error; pino's numbers are levels, too."""
    found: Any = next((entry[key] for key in _LEVELS if key in entry), None)
    if found is None and isinstance(log := entry.get("log"), dict):
        found = log.get("level")
    if isinstance(found, int | float) and not isinstance(found, bool):
        return "FATAL" if found >= 60 else "ERROR" if found >= 50 else None
    if isinstance(found, str) and found.lower() in _ERRORS:
        return found.upper()
    return None


def _message(entry: Mapping[str, Any]) -> str:
    return _first(entry, _MESSAGES)


def _told(entry: Mapping[str, Any]) -> str:
    """The message, and the error that a Go logger puts beside it."""
    message, error = _message(entry), entry.get("error")
    return f"{message}: {error}" if isinstance(error, str) and error != message else message


def _instant(entry: Mapping[str, Any], instants: Instants) -> float | None:
    for key in _TIMES:
        value = _numeral(entry.get(key))
        if isinstance(value, float):
            found = instants.number(value)
        elif isinstance(value, str):
            found = instants.of(value[:64])
        else:
            found = None
        if found is not None:
            return found
    return None


def _numeral(value: Any) -> Any:
    """The number of an instant, also of one written as its digits, or as Log4j's seconds and nanoseconds."""
    if isinstance(value, dict):
        value = value.get("epochSecond"), value.get("nanoOfSecond", 0)
    elif isinstance(value, bool) or (isinstance(value, str) and not value.isdecimal()):
        return value
    try:
        return value[0] + value[1] / 1e9 if isinstance(value, tuple) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
