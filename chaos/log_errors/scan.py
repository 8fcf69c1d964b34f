"""Find the few lines of a log that matter, fast: only lines that hold one of these marks are parsed."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator

from chaos.log_errors.parser import LOOKBACK, Parser

CHUNK = 4 << 20
"""Bytes read at once. A longer line is cut."""
_LEVELS = (b"error", b"fatal", b"critical", b"panic", b"dpanic")
_IN_JSON = (
    *(b'"level":%s%d' % (space, level) for space in (b"", b" ") for level in (5, 6)),
    *(b'":%s"%s"' % (space, level) for space in (b"", b" ") for level in _LEVELS),
)
_MARKS = (
    b"Traceback (most recent call last)", b"SyntaxError", b"IndentationError", b"TabError", b'"exc_type"',
    b"\tat ", b"\\tat ", b"#011at ", b"  at ", b"panic: ", b"fatal error: ", b"goroutine ", b"stacktrace",
    b" (0x",
    b"ERROR", b"CRITICAL", b"FATAL", b"PANIC", b"SEVERE", b"error]", b"[crit]", b"[alert]", b"[emerg]",
    *(b"level=%s" % level for level in _LEVELS), *_IN_JSON,
)  # fmt: skip
_PLACE = re.compile(rb"(?:\t|#011)/[^\t\n]{1,300}\.go:\d+\r?$", re.MULTILINE)
"""A place of Go, alone on its line: a tab and a path alone are in every line of some access logs."""
_ESCAPED = tuple(mark.replace(b'"', b'\\"') for mark in _IN_JSON)
"""The same in a text within JSON, such as a line that Docker keeps."""


def read(parts: Iterable[bytes], parser: Parser) -> int:
    """Feed a log to the parser, in pieces of any size; return how many bytes were read."""
    total = 0
    for chunk in _whole_lines(parts):
        total += len(chunk)
        _feed(chunk, parser)
    parser.close()
    return total


def _whole_lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that end at a line's end, or where a line is longer than a chunk."""
    rest = b""
    for part in parts:
        head, newline, tail = part.rpartition(b"\n")
        if newline:
            yield rest + head + newline
            rest = tail
        else:
            rest += tail
        if len(rest) > CHUNK:
            yield rest
            rest = b""
    if rest:
        yield rest


def _feed(chunk: bytes, parser: Parser) -> None:
    at, end = 0, len(chunk)
    sought = _MARKS + _ESCAPED if b'\\":' in chunk else _MARKS
    places = (found.start() for found in _PLACE.finditer(chunk))
    marks = heapq.merge(places, *(_found(chunk, mark) for mark in sought))
    mark = next(marks, end)
    while at < end:
        if parser.idle:
            while mark < at:
                mark = next(marks, end)
            begin = chunk.rfind(b"\n", at, mark) + 1 if mark < end else end
            if begin > at:
                _look_back(chunk, at, begin, parser)
                at = begin
                continue
        after = chunk.find(b"\n", at) + 1 or end
        parser.take(chunk[at:after])
        at = after


def _found(chunk: bytes, mark: bytes) -> Iterator[int]:
    """Where the mark is, once for each line."""
    at = chunk.find(mark)
    while at >= 0:
        yield at
        line = chunk.find(b"\n", at)
        at = chunk.find(mark, line) if line >= 0 else -1


def _look_back(chunk: bytes, since: int, until: int, parser: Parser) -> None:
    """Let the parser have the last lines of those that are passed over."""
    begin = until
    for _ in range(LOOKBACK):
        if begin <= since:
            break
        begin = max(since, chunk.rfind(b"\n", since, begin - 1) + 1)
    parser.recent.passed_over(chunk[begin:until].splitlines(keepends=True))
