"""Panics, fatal errors and dumps of goroutines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from chaos.log_errors.stack import ENTRY, Block, Frame, Stack, Taken, made

BEGIN = re.compile(r"(?P<prefix>.*?)\b(?P<what>panic|fatal error): (?P<text>.*)$")
GOROUTINE = re.compile(r"(?P<prefix>.*?)goroutine \d+ (?:\S+ )*?\[[^\]]+\]:\s*$")
_GOROUTINE = re.compile(r"goroutine \d+ (?:\S+ )*?\[[^\]]+\]:\s*$")
PLACE = re.compile(r"(?P<prefix>.*?)\t\S[^\t]*\.go:\d+\s*$")
"""The place of a frame below its function, as zap and pkg/errors print it without a panic."""
RECOVERED = re.compile(r"(?P<prefix>.*?)(?:/|[A-Za-z]:[\\/])[^\s:]{0,400}\.go:\d+ \(0x[0-9a-f]+\)\s*$")
"""The place of a frame above its function, as gin prints a panic that it has recovered."""
_RECOVERED = re.compile(r"(\S+\.go):(\d+) \(0x[0-9a-f]+\)\s*$")
_CALLED = re.compile(r"\t(\S+): ")
SERVING = re.compile(r"http: panic serving \S+: (.*)$")
_FUNCTION = re.compile(r"((?:[^\s()]|\(\*?[^()]*\)(?=\.))+)(?:\(.*\))?\s*$")
_PLACE = re.compile(r"\s+(\S.*?):(\d+)(?: \+0x[0-9a-f]+)?(?: .*)?\s*$")
_NOISE = re.compile(
    r"\s*$|\[signal |\s+panic: |exit status \d|\.\.\.additional frames elided|r[a-z0-9]+ +0x|created by "
)
_STANDARD = frozenset(
    {
        "archive", "bufio", "bytes", "cmp", "compress", "container", "context", "crypto", "database",
        "debug", "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image",
        "index", "internal", "io", "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin",
        "reflect", "regexp", "runtime", "slices", "sort", "strconv", "strings", "structs", "sync",
        "syscall", "testing", "text", "time", "unicode", "unique", "unsafe", "vendor", "weak",
    }
)  # fmt: skip
_LIBRARY = re.compile(r".*/pkg/mod/|.*/vendor/|.*@v\d|_cgo_")
_ROOT = re.compile(r"(?:.*/(?:go[-\d.]*|goroot|golang|libexec)/src/)?([^/]+)/")
_HEAD_LINES = 12
_MOST_BLOCKS = 20
_ERROR = re.compile(r"\"error\": ?\"((?:[^\"\\\\]|\\\\.){1,300})\"")
_STAMP = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)? ")  # of Go's own log package
ERROR = "error"
"""The exception of an error that was no panic."""
DUMP = "goroutine dump"
"""The exception of a dump that a program printed without a panic."""


def is_ours(file: str) -> bool:
    """True for code that is neither Go's own, as built with -trimpath or below its root, nor of another module."""
    root = _ROOT.match(file)
    return not _LIBRARY.match(file) and (root is None or root[1] not in _STANDARD)


class Panic:
    """One panic and the first goroutine of its dump that runs code of the application. Below the last `panic(` is
    what raised it first. `alone`: a program printed it, so the next one that runs is another."""

    def __init__(self, what: str, text: str, *, alone: bool = False) -> None:
        self._alone = alone
        self._interrupted = False  # the line before was none of this dump
        self._block, self._function, self._goroutines, self._lines = Block(), "", 0, 0
        self._dump = what == DUMP
        self._block.named(*_named(what, _STAMP.sub("", text)))
        self._frames: list[Frame] = []
        self._read = 1  # the goroutine whose frames are kept

    def take(self, line: str) -> Taken:
        taken = self._read_line(line)
        self._interrupted = taken is Taken.NO
        return taken

    def _read_line(self, line: str) -> Taken:
        if _GOROUTINE.match(line):
            # of one dump only the first goroutine runs, unless the program printed several
            if self._goroutines and "[running]" in line and (self._alone or self._interrupted):
                return Taken.OVER
            self._goroutines += 1
            if not any(frame.ours for frame in self._frames):
                self._frames.clear()  # it only waits in the runtime: the next one may tell more
                self._read = self._goroutines
            return Taken.YES
        if not self._goroutines:
            self._lines += 1
            over = ENTRY.match(line) and "goroutine " not in line
            return Taken.OVER if self._lines > _HEAD_LINES else Taken.NO if over else Taken.YES
        if SERVING.search(line):
            return Taken.OVER
        if (place := _PLACE.match(line)) is not None and self._function:
            self._placed(place[1], int(place[2]))
            return Taken.YES
        if _NOISE.match(line):
            return Taken.YES
        if not ENTRY.match(line) and (found := _FUNCTION.match(line)) is not None and "." in found[1]:
            self._function = found[1]
            return Taken.YES
        if not ENTRY.match(line) and line.startswith("panic("):
            self._function = "panic"
            return Taken.YES
        return Taken.OVER if BEGIN.match(line) else Taken.NO

    def _placed(self, file: str, line: int) -> None:
        function, self._function = self._function, ""
        if self._goroutines != self._read:
            return
        if function == "panic":
            self._frames.clear()
            if self._dump:  # of a recovered one
                self._block.exception = "panic"
        elif len(self._frames) < 64:
            self._frames.append(Frame(file, line, short(function), is_ours(file)))

    def stacks(self) -> list[Stack]:
        if not self._goroutines:
            return []
        self._block.frames.extend(reversed(self._frames))
        return [made("go", self._block, (), self._block)]


def _named(what: str, text: str) -> tuple[str, str]:
    text = text.strip().removesuffix("[recovered]").strip()
    if text.startswith("runtime error: "):
        return "runtime error", text.removeprefix("runtime error: ")
    return what, text


def short(function: str) -> str:
    """The function with its package, without the path of the package."""
    return function.rpartition("/")[2]


class Printed:
    """The frames of an error that zap or pkg/errors prints, deepest first: the root cause, and what wraps it. `before`:
    the lines before the first place, the nearest first; the nearest names the function."""

    def __init__(self, before: Sequence[str]) -> None:
        self._blocks, self._between = [Block(ERROR, _said(before[1]) if len(before) > 1 else "")], False
        self._function = _function(before[0]) if before else ""

    def take(self, line: str) -> Taken:
        if self._function and (place := _PLACE.match(line)) is not None:
            self._placed(Frame(place[1], int(place[2]), short(self._function), is_ours(place[1])))
            return Taken.YES
        self._function = _function(line)
        if self._function:
            return Taken.YES
        self._between = True
        return Taken.OVER if ENTRY.match(line) else Taken.NO

    def _placed(self, frame: Frame) -> None:
        self._function = ""
        if self._between and len(self._blocks) < _MOST_BLOCKS:
            self._blocks.append(Block(ERROR))
        self._between = False
        if len(self._blocks[-1].frames) < 64:
            self._blocks[-1].frames.appendleft(frame)

    def stacks(self) -> list[Stack]:
        root = self._blocks[0]
        return [made("go", root, self._blocks[1:], self._blocks[-1])] if root.frames else []


class Recovered:
    """A panic that gin's Recovery prints, deepest frame first, each place above its function. `text`: what the panic
    said."""

    def __init__(self, text: str) -> None:
        self._block, self._place = Block(), ("", 0)
        self._block.named(*_named("panic", text))

    def take(self, line: str) -> Taken:
        if (place := _RECOVERED.match(line)) is not None:
            self._place = place[1], int(place[2])
            return Taken.YES
        if (called := _CALLED.match(line)) is not None and self._place[1]:
            if len(self._block.frames) < 64:
                self._block.frames.appendleft(Frame(*self._place, called[1], is_ours(self._place[0])))
            self._place = "", 0
            return Taken.YES
        return Taken.OVER if ENTRY.match(line) else Taken.NO

    def stacks(self) -> list[Stack]:
        return [made("go", self._block, (), self._block)] if self._block.frames else []


def _function(line: str) -> str:
    """The function that a line names; empty if it is none."""
    found = _FUNCTION.match(line) if not ENTRY.match(line) and not line[:1].isspace() else None
    return found[1] if found is not None and "." in found[1] else ""


def _said(entry: str) -> str:
    """The message of an entry, with the error that zap puts behind it."""
    *_, message, last = ["", *_STAMP.sub("", entry).split("\t")]
    if not message or not last.startswith("{"):
        return last.strip()
    error = _ERROR.search(last)
    return f"{message}: {error[1]}" if error is not None else message


def plain_frames(text: str) -> list[Frame]:
    """The frames of a stack that has neither a panic nor a goroutine, as zap and pkg/errors write it; deepest first."""
    lines = text.splitlines()
    found = []
    for function, where in pairwise(lines):
        place = _PLACE.match(where)
        if place is not None and where[:1] == "\t" and function[:1].strip() and "." in function:
            name = _FUNCTION.match(function)
            called = name[1] if name else function
            found.append(Frame(place[1], int(place[2]), short(called), is_ours(place[1])))
    return found
