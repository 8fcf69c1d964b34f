"""A stack as read from a log: its blocks, the block that decides, and the frame that names the place."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

CUT_OFF = "(cut off)"
"""The exception of a stack whose end, or whose beginning, is missing."""
SHOWN_FRAMES = 3
_KEPT_FRAMES = 64
_LONGEST_NAME = 200


class Taken(Enum):
    """What a stack makes of a line."""

    YES = "part of the stack"
    NO = "another writer's line, in between"
    OVER = "the stack has ended before this line"


@dataclass(frozen=True, slots=True)
class Frame:
    """`line` is 0 if unknown. `ours`: it is neither of the language nor of a library."""

    file: str
    line: int
    function: str
    ours: bool

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where} in {self.function}" if self.function else where


@dataclass(slots=True)
class Block:
    """One exception of a chain or group. `parent`: the group that it belongs to, by its `member`. The frames nearest
    to the place of the error are kept, outermost first.
    """

    exception: str = CUT_OFF
    message: str = ""
    frames: deque[Frame] = field(default_factory=lambda: deque(maxlen=_KEPT_FRAMES))
    parent: int | None = None
    member: int = 0

    def named(self, exception: str, message: str) -> None:
        self.exception, self.message = exception[:_LONGEST_NAME], message

    @property
    def own(self) -> list[Frame]:
        """The application's frames, deepest first."""
        return [frame for frame in reversed(self.frames) if frame.ours]


@dataclass(frozen=True, slots=True)
class Stack:
    """`frames`: the three deepest of the application and the one where it was entered, deepest first; one of a library
    if there is no other. `raised`: the exception that reached the log, if it is not the root cause."""

    language: str
    exception: str
    message: str
    frames: tuple[Frame, ...]
    raised: str = ""

    @property
    def frame(self) -> Frame | None:
        return self.frames[0] if self.frames else None


class Machine(Protocol):
    """Reads the lines of one stack, without their prefix."""

    def take(self, line: str) -> Taken: ...

    def stacks(self) -> list[Stack]:
        """The stack so far, several of a group of errors; none if the lines turn out to be none."""
        ...


def made(language: str, root: Block, others: Iterable[Block], raised: Block) -> Stack:
    """The stack of a root cause. If it has no frame of the application, that of the next block decides: a chain prints
    frames that two blocks share only once."""
    blocks: Sequence[Block] = [root, *others]
    own = next((block.own for block in blocks if block.own), None)
    if own is None:
        own = next(([block.frames[-1]] for block in blocks if block.frames), [])
    told = "" if raised.exception == root.exception else raised.exception
    # each once: a recursion is one place
    shown = [*list(dict.fromkeys(own))[:SHOWN_FRAMES], *raised.own[-1:]]
    return Stack(language, root.exception, root.message, tuple(dict.fromkeys(shown)), told)


ENTRY = re.compile(
    r"\W{0,3}(?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:|\d\d:\d\d:\d\d\b|\d\d/[A-Z][a-z]{2}/\d{4}|<\d+>"
    r"|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d|\d+\.\d+\.\d+\.\d+ "
    r"|(?:DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL|TRACE|SEVERE|PANIC)\b(?!\.))|\{\""
)
"""Matches where a log entry of its own begins."""
