"""One line of a log file: freed of colours and of what a container engine wraps around it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 16 << 10
"""Characters of a line that are looked at; of a JSON line, `LONGEST_JSON`."""
LONGEST_JSON = 512 << 10
_MOST_LINES = 10_000  # in one
_LONGEST_PART = 16_000  # what Docker and containerd split is longer
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CRI = re.compile(r"(\d{4}-\d\d-\d\dT\S+) (stdout|stderr) ([FP])(?: (.*))?$", re.S)
_CRI_PART = re.compile(rb"\d{4}-\d\d-\d\dT\S{8,30} std(?:out|err) P ")
_OF_DOCKER, _STREAMS = frozenset({"log", "stream", "time", "attrs"}), ("stdout", "stderr")
_ESCAPED_STACK = re.compile(r"#012(?:#01[12]|  |Traceback \()")  # a number in a message has the same form
_JOURNAL = re.compile(
    r"(?:[A-Z][a-z]{2} [ \d]\d [\d:.]{8,15}|\[ *\d+\.\d{6}\]|\d{10}\.\d{6}"
    r"|(?:[A-Z][a-z]{2} )?\d{4}-\d\d-\d\d[T ][\d:.]{8,15}\S*(?: [A-Z]{3,4})?)"
    r" \S+ [^\s:]+: "
)
_COMPOSE = re.compile(r"([A-Za-z0-9][\w.-]*) +\| ?(.*)$", re.S)
_NUMBER = re.compile(r"(?<!\d)(?!(?<=\w\[)\d+\]:)\d+(?:[.,]\d+)?")  # but of a process, as in `api[4711]:`
_LONGEST_PREFIX = 300
_LEVEL = re.compile(
    r"(?:^|(?<=[\s\[|(=:\"<>]))(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL|SEVERE|PANIC"
    r"|(?<=level=)(?:[a-z]+)|(?<=\[)(?:[a-z_0-9]+:)?(?:error|crit|alert|emerg|notice|warn|info|debug))(?=[\s\]:|\")>,/-]|$)"
)
_ERRORS = frozenset({"ERROR", "CRITICAL", "FATAL", "SEVERE", "PANIC", "CRIT", "ALERT", "EMERG"})
_WITHIN = 240  # characters from the start of an entry in which its level is looked for
_WORD, _SPACES = re.compile(r"[\w.$/-]+"), re.compile(r"(?<=\S)\s+")
_OF_AN_ENTRY = re.compile(
    r"\W{0,3}(?:(?:[A-Z][a-z]{2},? )?(?:[A-Z][a-z]{2} [ \d]\d\b|\d{1,4}[-/.](?:\d\d|[A-Z][a-z]{2})[-/.]\d{1,4}\b)"
    r"|\d{10}(?:\d{3}|\.\d+)?\s)"
    r"|[\w-]+(?:\.[\w-]+)+:? $|.*(?:level|lvl|severity)=[\"']?$"
)
"""Matches what precedes a level in entries only: a date, the name of a module, a key."""


@dataclass(frozen=True, slots=True)
class Line:
    """`channel`: what wrapped lines belong to; `stamp`: the wrapper's instant, as written. `whole`: false for a part of
    a line that the engine split."""

    text: str
    channel: str = ""
    stamp: str = ""
    whole: bool = True


def read(raw: bytes) -> list[Line]:
    """Decode a line and unwrap it. It may hold several, which the wrapper has made one."""
    raw = raw.rstrip(b"\r\n")
    longest = LONGEST if len(raw) <= LONGEST else _longest(raw)
    text = raw[:longest].decode("utf-8", "replace")
    if text.startswith("{") and '"log":' in text[:LONGEST_JSON]:
        return _docker(text) or [Line(text)]
    if (cri := _CRI.match(text)) is not None:
        return _lines(cri[4] or "", cri[2], cri[1], whole=cri[3] == "F")
    text = _plain(text)
    if (compose := _COMPOSE.match(text)) is not None:
        return _lines(compose[2], compose[1])
    return _lines(text) if "\n" in text else [Line(text)]


def _longest(raw: bytes) -> int:
    """How much to read of a long line. A part of one may be of a JSON entry."""
    return LONGEST_JSON if raw[:1] == b"{" or raw[-1:] == b"}" or _CRI_PART.match(raw) else LONGEST


def _docker(text: str) -> list[Line] | None:
    """Lines that Docker has kept, or a shipper with keys of its own; None for a program's entry with a key `log`."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    log, stream = found.get("log"), str(found.get("stream", found.get("source", "")))
    shipped = not found.keys() <= _OF_DOCKER
    if not isinstance(log, str) or (shipped and stream not in _STREAMS):
        return None
    whole = log.endswith("\n") or (shipped and len(log) < _LONGEST_PART)  # a shipper may have cut off the end
    if "logtag" in found:
        whole = found["logtag"] == "F"
    return _lines(log.rstrip("\r\n"), stream, str(found.get("time", "")), whole=whole)


def _lines(text: str, channel: str = "", stamp: str = "", *, whole: bool = True) -> list[Line]:
    text = _plain(text)
    if "\n" not in text:
        return [Line(text, channel, stamp, whole)]
    *firsts, last = text.split("\n", _MOST_LINES)[:_MOST_LINES]
    return [*(Line(each.rstrip("\r"), channel, stamp) for each in firsts), Line(last, channel, stamp, whole)]


def _plain(text: str) -> str:
    """Without colours, and with the tabs and the ends of lines that syslog escapes."""
    if "\x1b" in text:
        text = _COLOURS.sub("", text)
    if "#012" in text and _ESCAPED_STACK.search(text):
        text = text.replace("#012", "\n")
    if "#011" in text:
        text = text.replace("#011", "\t")
    return text.rstrip("\r")


def journal_margin(text: str) -> int:
    """By how much journalctl indents the further lines of a message that begins so; 0 for any other line."""
    found = _JOURNAL.match(text)
    return found.end() if found is not None else 0


class Prefix:
    """What precedes each line of a stack. Other numbers in it are the same prefix, except those of processes."""

    def __init__(self, text: str) -> None:
        self.text = text if len(text) <= _LONGEST_PREFIX else ""
        self._shape = _shape(self.text)

    def strip(self, line: str) -> str | None:
        """The line without the prefix; None if it has another one."""
        if not self.text:
            return line
        found = self._shape.match(line)
        return line[found.end() :] if found is not None else None


@lru_cache(512)
def _shape(prefix: str) -> re.Pattern[str]:
    return re.compile(r"\d+(?:[.,]\d+)?".join(map(re.escape, _NUMBER.split(prefix))))


def error_level(text: str) -> tuple[str, str] | None:
    """Return the level of an entry, and its message; None unless the entry's own level is that of an error."""
    found = _LEVEL.search(text, 0, _WITHIN)
    if found is None or found[1].rpartition(":")[2].upper() not in _ERRORS:
        return None
    level = found[1].rpartition(":")[2].upper()
    return level, text[found.end() :].lstrip(' \t:-]|")>,/')


def has_level(text: str) -> bool:
    """True for an entry that says its level, of an error or not."""
    return _LEVEL.search(text, 0, _WITHIN) is not None


def begins_entry(text: str, like: str = "") -> bool:
    """True for a line with a level after a prefix that only an entry has, or of the same form as that of `like`."""
    prefix = _before_level(text)
    if prefix is None:
        return False
    return _OF_AN_ENTRY.match(prefix) is not None or (
        bool(like) and _form(prefix) == _form(_before_level(like))
    )


def _before_level(text: str) -> str | None:
    found = _LEVEL.search(text, 0, _WITHIN)
    return text[: found.start()] if found is not None else None


def _form(prefix: str | None) -> str | None:
    """Equal for two prefixes that differ in words, numbers and padding only."""
    return _SPACES.sub(" ", _WORD.sub("w", prefix)) if prefix is not None else None
