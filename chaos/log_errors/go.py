"""Panics, fatal errors and dumps of goroutines."""

from __future__ import annotations

import re
from itertools import pairwise

from chaos.log_errors.stack import ENTRY, Block, Frame, Stack, Taken, made

BEGIN = re.compile(r"(?P<prefix>.*?)\b(?P<what>panic|fatal error): (?P<text>.*)$")
GOROUTINE = re.compile(r"(?P<prefix>.*?)goroutine \d+ (?:\S+ )*?\[[^\]]+\]:\s*$")
_GOROUTINE = re.compile(r"goroutine \d+ (?:\S+ )*?\[[^\]]+\]:\s*$")
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
_STAMP = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)? ")  # of Go's own log package
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
