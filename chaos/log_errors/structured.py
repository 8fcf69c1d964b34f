"""Entries that are JSON: their level, their instant, and the stacks in their values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from chaos.log_errors import go, python
from chaos.log_errors.found import LOG, LONGEST_TEXT, POSTGRESQL, Found
from chaos.log_errors.instants import Instants
from chaos.log_errors.stack import Block, Frame, Stack, made

MAY_MATTER = re.compile(
    r"\"(?:level|severity|lvl|levelname|log\.level|error_severity|log_level|loglevel|levelno|l|s)\"\s*:\s*"
    r"(?:\"(?:error|critical|fatal|severe|panic|dpanic|crit|alert|emerg\w*|err|E|F|FATAL|ERROR|PANIC)\"|[5-9]\d\b)"
    r"|\"level\"\s*:\s*\{[^{}]*\"name\"\s*:\s*\"(?:error|critical)\""  # loguru's
    r"|Traceback \(most|\\n\s*(?:\\t)?\s*at |goroutine \d|\\n\\t|\"exc_type\"",
    re.I,
)
_LEVELS = ("level", "severity", "lvl", "levelname", "log.level", "log_level", "loglevel", "error_severity")
_TIMES = ("time", "timestamp", "@timestamp", "ts", "asctime", "t", "date", "datetime", "eventTime", "instant")
_MESSAGES = ("message", "msg", "event", "error", "err")
_ERRORS = frozenset(
    {
        "error", "critical", "fatal", "severe", "panic", "dpanic", "crit", "alert", "emerg", "emergency",
        "err",
    }
)  # fmt: skip
_BEGINS = re.compile(r"Traceback \(most|\n\s*at |goroutine \d|\n\t\S+:\d+|^\s+at ")
_MOST_VALUES, _DEEPEST, _MOST_AROUND = 400, 5, 40

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
    entry = _flat(entry)
    at = _instant(entry, instants)
    if at is None and stamp:
        at = instants.of(stamp)
    level = _level(entry)
    for value, holder in _values(entry):
        if stacks := _stacks(value, holder, entry, parse):
            shown = value if isinstance(value, str) else json.dumps(value)
            return [Found(stack, at, shown[:LONGEST_TEXT]) for stack in stacks]
    if level is None:
        return []
    language = POSTGRESQL if "error_severity" in entry else LOG
    return [Found(Stack(language, level, _message(entry), ()), at, text[:LONGEST_TEXT])]


def _flat(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry of loguru (`serialize=True`) with its level, instant and message where others have them."""
    record = entry.get("record")
    if not isinstance(record, dict):
        return entry
    level, at = record.get("level"), record.get("time")
    if not isinstance(level, dict) or not isinstance(at, dict):
        return entry
    told = {"level": level.get("name"), "time": at.get("timestamp"), "message": record.get("message")}
    return told | {key: value for key, value in entry.items() if key != "record"}


def _stacks(value: Any, holder: Mapping[str, Any], entry: Mapping[str, Any], parse: Parse) -> list[Stack]:
    if isinstance(value, list):
        return _of_dictionaries(value)
    if not isinstance(value, str) or not _BEGINS.search(value):
        return []
    if stacks := parse(value):
        return [_named(each, holder) for each in stacks]
    if frames := go.plain_frames(value):
        block = Block()
        block.named("error", _told(entry))
        block.frames.extend(reversed(frames))
        return [made("go", block, (), block)]
    return []


def _named(stack: Stack, holder: Mapping[str, Any]) -> Stack:
    """A stack without its exception has it beside it."""
    name = next(
        (holder[key] for key in ("type", "name", "class", "kind") if isinstance(holder.get(key), str)), ""
    )
    if stack.exception[:1] != "(" or not name:
        return stack
    return Stack(stack.language, name[:200], _message(holder), stack.frames, stack.raised)


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
            if isinstance(value, dict) and depth < _DEEPEST:
                waiting.append((value, depth + 1))
            elif isinstance(value, str | list):
                yield value, holder


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
    return next((entry[key] for key in _MESSAGES if isinstance(entry.get(key), str)), "")


def _told(entry: Mapping[str, Any]) -> str:
    """The message, and the error that a Go logger puts beside it."""
    message, error = _message(entry), entry.get("error")
    return f"{message}: {error}" if isinstance(error, str) and error != message else message


def _instant(entry: Mapping[str, Any], instants: Instants) -> float | None:
    for key in _TIMES:
        value = entry.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found = instants.number(float(value))
        elif isinstance(value, str):
            found = instants.of(value[:64])
        else:
            found = None
        if found is not None:
            return found
    return None
