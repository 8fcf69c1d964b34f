"""Equal errors, counted: one group for each language, exception and deepest frame of the application."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from chaos.log_errors.found import LOG, POSTGRESQL, Found
from chaos.log_errors.stack import Stack
from chaos.record import redact, secret_forms

MOST_GROUPS = 500
_MOST_MESSAGES = 8
_LONGEST_MESSAGE = 300
_LONGEST_LINE = 400
_VARIABLE = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|0x[0-9a-fA-F]+"
    r"|\b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{8,}\b|\d+(?:[.,:]\d+)*"
)
_QUOTED = re.compile(r"\"[^\"]{0,200}\"|'[^']{0,200}'")

Key = tuple[str, str, str]


@dataclass(slots=True)
class Message:
    """Messages that differ in numbers only: the first of them, its stack as read and as logged, and how many there
    were. Secrets in both texts are masked."""

    text: str
    stack: Stack
    logged: str
    count: int = 0


@dataclass(slots=True)
class Group:
    """`first` and `last`: seconds since the epoch, None if the log does not say. `stack` is one with the most frequent
    message."""

    count: int = 0
    first: float | None = None
    last: float | None = None
    messages: dict[str, Message] = field(default_factory=dict)

    @property
    def stack(self) -> Stack:
        return self.message.stack

    @property
    def message(self) -> Message:
        """The most frequent message."""
        return max(self.messages.values(), key=lambda each: each.count)

    def add(self, found: Found, normal: str) -> None:
        self.count += 1
        if found.at is not None:
            self.first = found.at if self.first is None else min(self.first, found.at)
            self.last = found.at if self.last is None else max(self.last, found.at)
        message = self.messages.get(normal)
        if message is None and len(self.messages) < _MOST_MESSAGES:
            text = masked(found.stack.message[:_LONGEST_MESSAGE])
            message = self.messages[normal] = Message(text, found.stack, masked(found.text))
        if message is not None:
            message.count += 1


class Groups:
    """At most `MOST_GROUPS`, whatever a log holds: `left_out` counts the errors of those beyond."""

    def __init__(self, since: float | None = None, until: float | None = None) -> None:
        self._since, self._until = since, until
        self._groups: dict[Key, Group] = {}
        self.left_out = 0

    def add(self, found: Found) -> None:
        """Count an error; one dated outside of the span is none of it."""
        if found.at is not None:
            if self._since is not None and found.at < self._since:
                return
            if self._until is not None and found.at > self._until:
                return
        normal = normalised(found.stack.message)
        key = _key(found.stack, normal)
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= MOST_GROUPS:
                self.left_out += 1
                return
            group = self._groups[key] = Group()
        group.add(found, normal)

    def ranked(self) -> list[Group]:
        """The most frequent first; entries without a stack come last."""
        return sorted(
            self._groups.values(),
            key=lambda group: (group.stack.language == LOG, -group.count, group.first or 0.0),
        )


def fingerprint(stack: Stack) -> Key:
    """What equal errors share: language, exception, and the place."""
    return stack.language, stack.exception, str(stack.frame or "")


def _key(stack: Stack, normal: str) -> Key:
    """An error without a place is known by its message."""
    if stack.frame is not None:
        return fingerprint(stack)
    text = _QUOTED.sub('""', normal) if stack.language == POSTGRESQL else normal
    return stack.language, stack.exception, text


def normalised(message: str) -> str:
    """The message without what varies: numbers, UUIDs, hexadecimal digits."""
    return _VARIABLE.sub("#", message[:_LONGEST_MESSAGE]).strip()


@lru_cache(1024)
def masked(text: str) -> str:
    """The text without secrets, and without the rest of long lines: the patterns of secrets take long for those."""
    short = "\n".join(line[:_LONGEST_LINE] for line in text.splitlines())
    return secret_forms.mask(redact.known(short))
