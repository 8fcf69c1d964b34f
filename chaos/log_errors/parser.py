"""The lines of one log, in order, become errors. Several writers may have written in turns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from chaos.log_errors import at_lines, go, lines, python, structured
from chaos.log_errors.at_lines import AtLines
from chaos.log_errors.found import LOG, LONGEST_TEXT, POSTGRESQL, Found
from chaos.log_errors.go import Panic
from chaos.log_errors.instants import WITHIN, Instants
from chaos.log_errors.lines import Line, Prefix
from chaos.log_errors.python import Traceback
from chaos.log_errors.recent import Recent
from chaos.log_errors.stack import ENTRY, Machine, Stack, Taken
from chaos.log_errors.whole import Whole

LOOKBACK = 64
"""Lines before an error, of all writers, that may hold its exception or its instant."""
_MOST_OPEN = 16
_NEAR = 8  # lines of others between what a server says of a panic and its stack
_MOST_NOISE = 40  # lines of others within a stack
_MOST_WAIT = 15  # lines from an entry to its stack
_POSTGRESQL = re.compile(r"^[^\"]{0,200}?\b(ERROR|FATAL|PANIC):  (?=\S)(.*)$")


class _Open:
    """A stack that is being read. Its first lines decide whether each line carries the prefix."""

    def __init__(
        self, machine: Machine, prefix: str, line: Line, at: float | None, text: Iterable[str]
    ) -> None:
        self.machine, self.channel, self.at = machine, line.channel, at
        self._opening = Prefix(prefix if prefix.strip() else "")
        self._prefixes = [Prefix(prefix), *([Prefix("")] if prefix else [])]
        self._text, self._length, self._noise = [*text], 0, 0
        self.instead: Found | None = None  # what to report if it turns out to be no stack

    def take(self, line: Line) -> Taken:
        if line.channel != self.channel:
            return Taken.NO
        for prefix in self._prefixes if not self._is_next(line) else ():
            if (content := prefix.strip(line.text)) is None:
                continue
            if (taken := self.machine.take(content)) is Taken.YES:
                self._prefixes, self._noise = [prefix], 0
                self._keep(content)
                return taken
            if taken is Taken.OVER:
                return taken
        self._noise += 1
        return Taken.OVER if self._noise > _MOST_NOISE else Taken.NO

    def _is_next(self, line: Line) -> bool:
        """True for an entry with the prefix that only the first line of the stack has: it is none of its lines."""
        if not self._opening.text or self._prefixes[0].text:
            return False
        return self._opening.strip(line.text) is not None

    def _keep(self, content: str) -> None:
        if self._length < LONGEST_TEXT:
            self._text.append(content)
            self._length += len(content) + 1

    def found(self) -> list[Found]:
        text = "\n".join(self._text).rstrip()[:LONGEST_TEXT]
        if stacks := self.machine.stacks():
            return [Found(stack, self.at, text) for stack in stacks]
        return [self.instead] if self.instead is not None else []


class Parser:
    """Calls `tell` with each error. It holds a few lines and open stacks, whatever the log holds."""

    def __init__(self, instants: Instants, tell: Callable[[Found], None]) -> None:
        self._instants, self._tell = instants, tell
        self._open: list[_Open] = []
        self._entries: dict[str, tuple[Found, int]] = {}  # by channel: an entry whose stack may follow
        self.recent = Recent(LOOKBACK)
        self._whole = Whole(self.recent)

    @property
    def idle(self) -> bool:
        """True if the next lines matter only if they look like an error."""
        return not self._open and not self._entries and not self._whole.waits

    def take(self, raw: bytes) -> None:
        """Read the next line."""
        for part in lines.read(raw):
            if (line := self._whole.of(part)) is None:
                continue
            if not self._structured(line):
                self._line(line)
            self.recent.append(line)

    def close(self) -> None:
        """The log has ended: report what is still open."""
        for each in self._open:
            self._end(each)
        self._open.clear()
        for channel in list(self._entries):
            self._forget(channel)
        self._whole.close()

    def _structured(self, line: Line) -> bool:
        """Read an entry that is JSON; False if it is not."""
        text = line.text
        begin = text.find("{", 0, WITHIN)
        if begin < 0 or not text.endswith("}") or '":' not in text:
            return False
        if not structured.MAY_MATTER.search(text):
            return begin == 0
        found = structured.read(text[begin:], self._instants, line.stamp or text[:begin], stacks_in)
        for each in found or ():
            self._tell(each)
        return found is not None

    def _line(self, line: Line) -> None:
        if self._taken(line):
            return
        at = self._instants.of(line.stamp or line.text[:WITHIN])
        if (opened := self._begun(line, at)) is not None:
            entry, _ = self._entries.pop(line.channel, (None, 0))
            opened.instead = entry or _plain(line, at)
            if len(self._open) >= _MOST_OPEN:
                self._end(self._open.pop(0))
            self._open.append(opened)
            return
        self._entry(line, at)

    def _taken(self, line: Line) -> bool:
        for each in reversed(self._open):
            taken = each.take(line)
            if taken is Taken.YES:
                return True
            if taken is Taken.OVER:
                self._open.remove(each)
                self._end(each)
        return False

    def _end(self, each: _Open) -> None:
        for found in each.found():
            self._tell(found)

    def _begun(self, line: Line, at: float | None) -> _Open | None:
        """Open a stack if the line begins one. Its instant is that of the line, or of the entry before it."""
        text = line.text
        if "Traceback (most" in text and (header := python.HEADER.match(text)) is not None:
            machine = Traceback(group=header["margin"] is not None)
            return _Open(
                machine, header["prefix"], line, at or self._before(line), [text[header.end("prefix") :]]
            )
        if " at " in text.expandtabs(1) and (frame := at_lines.frame_of(text)) is not None:
            return self._at(line, at, frame[0], frame[2])
        if ".go:" in text and (opened := self._printed(line, at)) is not None:
            return opened
        if "goroutine " in text and (header := go.GOROUTINE.match(text)) is not None:
            return self._goroutine(line, at, header)
        if ("panic: " in text or "fatal error: " in text) and (header := go.BEGIN.match(text)) is not None:
            panic = Panic(header["what"], header["text"])
            return _Open(panic, header["prefix"], line, at or self._before(line), [text])
        if "Error: " in text and (named := python.SYNTAX_ERROR.match(text)) is not None:
            return self._syntax_error(line, at, named["prefix"])
        return None

    def _at(self, line: Line, at: float | None, language: at_lines.Language, prefix: str) -> _Open | None:
        before = self.recent.contents(line.channel, Prefix(prefix))
        exception, message, back = at_lines.header_in(before, language)
        header = before[back - 1] if back else ""
        indent = len(header) - len(header.lstrip()) if not ENTRY.match(header) else 0
        machine = AtLines(language, exception, message, indent)
        opened = _Open(machine, prefix, line, at or self._before(line), reversed(before[:back]))
        return opened if opened.take(line) is Taken.YES else None

    def _printed(self, line: Line, at: float | None) -> _Open | None:
        """The frames that zap and pkg/errors print below an entry, or gin below a panic that it has recovered."""
        placed, recovered = go.PLACE.match(line.text), go.RECOVERED.match(line.text)
        if (found := placed or recovered) is None:
            return None
        before = self.recent.contents(line.channel, Prefix(found["prefix"]))
        if recovered is not None and not any("panic recovered:" in text for text in before):
            return None
        machine: Machine = go.Printed(before) if placed else go.Recovered(before[0])
        opened = _Open(machine, found["prefix"], line, at or self._before(line), reversed(before[:2]))
        return opened if opened.take(line) is Taken.YES else None

    def _goroutine(self, line: Line, at: float | None, header: re.Match[str]) -> _Open | None:
        """A dump without a panic: a server's, which names it one line before, or one that a program printed."""
        before = self.recent.contents(line.channel, Prefix(header["prefix"]))
        serving = next((found for text in before[:_NEAR] if (found := go.SERVING.search(text))), None)
        machine = (
            Panic("panic", serving[1], alone=True)
            if serving
            else Panic(go.DUMP, before[0] if before else "", alone=True)
        )
        opened = _Open(machine, header["prefix"], line, at or self._before(line), before[:1])
        return opened if opened.take(line) is Taken.YES else None

    def _syntax_error(self, line: Line, at: float | None, prefix: str) -> _Open | None:
        before = self.recent.contents(line.channel, Prefix(prefix))[:4]
        machine = Traceback()
        for text in reversed(before):
            if python.SYNTAX.match(text):
                machine.take(text)
        if not all(stack.frames for stack in machine.stacks()):
            return None
        opened = _Open(machine, prefix, line, at or self._before(line), reversed(before))
        return opened if opened.take(line) is Taken.YES else None

    def _entry(self, line: Line, at: float | None) -> None:
        """An entry with the level of an error waits: its stack may follow."""
        if (waiting := self._entries.get(line.channel)) is not None:
            found, left = waiting
            if left and not _is_other(line.text, found.text):
                self._entries[line.channel] = found, left - 1
                return
            self._forget(line.channel)
        if (error := _plain(line, at)) is not None:
            if error.stack.language == POSTGRESQL:
                self._tell(error)
            elif len(self._entries) < _MOST_OPEN:
                self._entries[line.channel] = error, _MOST_WAIT

    def _forget(self, channel: str) -> None:
        self._tell(self._entries.pop(channel)[0])

    def _before(self, line: Line) -> float | None:
        """The instant of the latest entry before the line, of the same channel."""
        waiting, _ = self._entries.get(line.channel, (None, 0))
        if waiting is not None and waiting.at is not None:
            return waiting.at
        for earlier in self.recent.of(line.channel):
            if (found := self._instants.of(earlier.stamp or earlier.text[:WITHIN])) is not None:
                return found
        return None


def _is_other(text: str, waiting: str) -> bool:
    """True for an entry of its own, unless it may be the exception of the stack that follows the one that waits."""
    if ENTRY.match(text):
        return lines.has_level(text) or not at_lines.has_exception(text)
    return lines.begins_entry(text, waiting)


def _plain(line: Line, at: float | None) -> Found | None:
    """An entry with the level of an error; None for any other line."""
    text = line.text
    if ":  " in text and (found := _POSTGRESQL.match(text)) is not None:
        return Found(Stack(POSTGRESQL, found[1], found[2], ()), at, text[:LONGEST_TEXT])
    if (level := lines.error_level(text)) is not None:
        return Found(Stack(LOG, level[0], level[1], ()), at, text[:LONGEST_TEXT])
    return None


def stacks_in(text: str) -> list[Stack]:
    """The stacks in a text of several lines, such as a value of a JSON entry."""
    found: list[Stack] = []

    def keep(each: Found) -> None:
        if each.stack.language not in (LOG, POSTGRESQL):
            found.append(each.stack)

    parser = Parser(_NEVER, keep)
    for line in text.splitlines():
        parser.take(line.encode("utf-8", "replace"))
    parser.close()
    return found


_NEVER = Instants(0.0)
