"""Tracebacks of Python 3: chains, groups, repeated frames, syntax errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice

from chaos.log_errors import lines
from chaos.log_errors.stack import ENTRY, Block, Frame, Stack, Taken, made

HEADER = re.compile(
    r"(?P<prefix>.*?)(?:(?P<margin>  )\+ )?(?P<group>Exception Group )?Traceback \(most recent call last\):\s*$"
)
_HEADER = re.compile(r"(?:\s*\+ )?(?:Exception Group )?Traceback \(most recent call last\):\s*$")
SYNTAX = re.compile(r"(?P<prefix>.*?)  File \"(?P<file>[^\"]+)\", line (?P<line>\d+)\s*$")
"""A syntax error of the main program has no header."""
SYNTAX_ERROR = re.compile(r"(?P<prefix>.*?)\b(?:Syntax|Indentation|Tab)Error: ")
_FRAME = re.compile(r"\s*File \"(.+?)\", line (\d+)(?:, in (.+?))?\s*$")
_NAME = r"[^\W\d]\w*|<locals>"
_EXCEPTION = re.compile(rf"((?:{_NAME})(?:\.(?:{_NAME}))*)(?:: ?(.*))?\s*$")
_LEVELS = frozenset(
    {
        "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "CRITICAL", "FATAL", "TRACE", "SEVERE",
        "PANIC",
    }
)  # fmt: skip
_CHAINED = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)
_MARGIN = re.compile(r"(\s*)[|+](?: (.*))?$")
_RULE = re.compile(r"(\s*)(\+-)?\+-{4,}(?: (\d+|\.\.\.) -+)?\s*$")
_LIBRARY = re.compile(
    r"<|.*(?:site-packages|dist-packages)[/\\]|.*[/\\]lib(?:64)?[/\\](?:python|pypy)\d[^/\\]*[/\\]|/opt/packages/"
    r"|.*[/\\]Python3\d+[/\\]Lib[/\\]"
    # Cython names its sources relative to where the library was built
    r"|(?![/\\]|[A-Za-z]:).*\.(?:pyx|pxi|pxd)$|src[/\\]gevent[/\\]"
)
_CALL_STACK = "Call stack:"
_ENDINGS = ("error", "exception", "failure", "timeout")
_OTHER_PROGRAM = re.compile(
    r"(?:panic|fatal error): |goroutine \d+ \[|Exception in thread \"|\s+at (?:.*\()?\S+:\d+:\d+\)?\s*$"
)
"""What no message goes on with: a program in Go, Java or JavaScript that writes to the same log."""
_MESSAGE_LINES = 20
_MOST_MEMBERS = 100
_OTHERS = 8  # lines of other writers, or blank ones, between two tracebacks of a chain


def is_ours(file: str) -> bool:
    """True for a file that is neither of the standard library nor of an installed package."""
    return _LIBRARY.match(file) is None


class Traceback:
    """One traceback with its chain."""

    def __init__(self, *, group: bool = False) -> None:
        self._blocks = [Block()]
        self._state = "frames"  # frames | member | after | chain | called
        self._grouped = group
        self._groups: list[tuple[int, int, int]] = []  # column, block and member of the groups that are read
        self._lines = self._blank = self._others = 0
        self._member_number = 0
        self._closed = False  # the innermost group has ended, and perhaps all of them

    def take(self, line: str) -> Taken:
        if self._grouped and (inner := self._inside(line)) is not None:
            if isinstance(inner, Taken):
                return inner
            line = inner
        read: Callable[[str], Taken] = getattr(self, f"_{self._state}")
        return read(line)

    def _inside(self, line: str) -> str | Taken | None:
        """The line without the margin of its group; None for one that is no longer in a group."""
        if (rule := _RULE.match(line)) is not None:
            self._ruled(rule)
            return Taken.YES
        if (within := _MARGIN.match(line)) is not None:
            inner = within[2] or ""
            return f"+ {inner}" if line[len(within[1])] == "+" else inner
        if self._closed:
            self._groups.clear()
        return Taken.NO if self._groups or self._state in ("frames", "member") else None

    def stacks(self) -> list[Stack]:
        """One for each member of a group: each of them is an error that was raised."""
        return [self._stack(root) for root in islice(self._roots(), _MOST_MEMBERS)]

    def _stack(self, root: int) -> Stack:
        blocks = self._blocks
        chain = [
            blocks[number]
            for at in (root, *self._outwards(root))
            for number in range(at, len(blocks))
            if self._chain_of(number) == self._chain_of(at)
        ]
        top = [block for block in blocks if block.parent is None]
        return made("python", chain[0], chain[1:], top[-1])

    def _roots(self) -> Iterator[int]:
        """The root causes: of a chain with a group, those of each of its members, however deep they are. One with
        several groups prints the members of the first again in others."""
        firsts: dict[int, dict[int, int]] = {}  # by group: the first block of each member
        for number, block in enumerate(self._blocks):
            if block.parent is not None:
                firsts.setdefault(block.parent, {}).setdefault(block.member, number)
        groups: dict[tuple[int | None, int], int] = {}  # by chain
        for group in sorted(firsts):
            groups.setdefault(self._chain_of(group), group)
        waiting = [0]
        while waiting:
            at = waiting.pop()
            if (found := groups.get(self._chain_of(at))) is not None:
                waiting += reversed(firsts[found].values())
            else:
                yield at

    def _chain_of(self, at: int) -> tuple[int | None, int]:
        """What the blocks of a chain share."""
        block = self._blocks[at]
        return block.parent, block.member

    def _outwards(self, at: int) -> list[int]:
        found = []
        parent = self._blocks[at].parent
        while parent is not None:
            found.append(parent)
            parent = self._blocks[parent].parent
        return found

    def _ruled(self, rule: re.Match[str]) -> None:
        """A line between the members of a group."""
        column, self._closed = len(rule[1]), not rule[3]
        if rule[2]:
            self._groups.append((column + 2, len(self._blocks) - 1, 0))
        while self._groups and self._groups[-1][0] > column + (2 if rule[2] else 0):
            self._groups.pop()
        if rule[3] == "...":
            self._state, self._lines, self._blank, self._others = "after", 0, 0, 0  # `and 3 more exceptions`
            return
        if rule[3]:
            self._state = "member"
            self._member_number += 1
            if self._groups:
                self._groups[-1] = *self._groups[-1][:2], self._member_number
            return
        if self._groups:
            self._groups.pop()
        # nothing of a message follows the end of a group
        self._state, self._lines, self._blank, self._others = "after", 0, 0, 1

    def _begin(self) -> Taken:
        _, parent, member = self._groups[-1] if self._groups else (0, None, 0)
        self._blocks.append(Block(parent=parent, member=member))
        self._state = "frames"
        return Taken.YES

    def _member(self, line: str) -> Taken:
        self._begin()
        if _HEADER.match(line):
            return Taken.YES
        return self._frames(line)

    def _frames(self, line: str) -> Taken:
        block = self._blocks[-1]
        if (found := _FRAME.match(line)) is not None:
            block.frames.append(_frame(found))
            return Taken.YES
        if line.startswith("    ") or line.startswith("  [Previous line repeated"):
            return Taken.YES
        if _HEADER.match(line):
            return Taken.OVER
        if (named := _EXCEPTION.match(line)) is not None and _is_exception(named[1]):
            block.named(named[1], (named[2] or "").strip())
            self._state, self._lines, self._blank, self._others = "after", 0, 0, 0
            return Taken.YES
        return Taken.NO

    def _after(self, line: str) -> Taken:
        text = line.strip()
        if not text:
            self._blank += 1
            return Taken.YES if self._blank <= _OTHERS else Taken.OVER
        if text in _CHAINED:
            self._state = "chain"
            return Taken.YES
        if text == _CALL_STACK:
            self._state = "called"
            return self._called_by()
        if _HEADER.match(line) or SYNTAX.match(line):
            return Taken.OVER
        # the message ends at the first entry of another writer; the rest of the chain may still follow
        self._others += bool(
            self._others or ENTRY.match(line) or _OTHER_PROGRAM.match(line) or lines.begins_entry(line)
        )
        if self._others:
            return Taken.NO if self._others <= _OTHERS else Taken.OVER
        self._lines += 1
        return Taken.YES if self._lines <= _MESSAGE_LINES else Taken.OVER

    def _called_by(self) -> Taken:
        """Begin the frames that `logging` prints of a call that it could not log: their place counts if the failure
        has none of the application."""
        failed = self._blocks[-1]
        self._blocks.append(
            Block(failed.exception, failed.message, parent=failed.parent, member=failed.member)
        )
        return Taken.YES

    def _called(self, line: str) -> Taken:
        if (found := _FRAME.match(line)) is not None:
            self._blocks[-1].frames.append(_frame(found))
            return Taken.YES
        if line.startswith("    "):
            return Taken.YES
        if line.startswith("Message: "):
            self._state = "after"
        return self._after(line)

    def _chain(self, line: str) -> Taken:
        if not line.strip():
            return Taken.YES
        if _HEADER.match(line):
            self._grouped = bool(self._groups) or "Exception Group" in line
            return self._begin()
        return Taken.NO


def _frame(found: re.Match[str]) -> Frame:
    file, number, function = found.groups()
    return Frame(file, int(number), function or "", is_ours(file))


def _is_exception(name: str) -> bool:
    """A class: of a module, or capitalised and no level of a log, or an error by its name."""
    return "." in name or (name[0].isupper() and name not in _LEVELS) or name.endswith(_ENDINGS)
