"""Lines as their writers wrote them: the parts of split ones joined, and without journalctl's indentation."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

from chaos.log_errors import lines
from chaos.log_errors.instants import WITHIN
from chaos.log_errors.lines import LONGEST, Line
from chaos.log_errors.recent import Recent

_MOST_SPLIT = 16
_LONGEST_SPLIT = 1 << 20
_INDENT = " " * 16  # what journalctl writes before a line is longer, and less than this is a stack's own


class Whole:
    """Lines that may need those before them."""

    def __init__(self, recent: Recent) -> None:
        self._recent = recent
        self._split: dict[str, str] = {}  # by channel: the parts so far
        self._first = ""  # of the message: what journalctl has written before it

    @property
    def waits(self) -> bool:
        """True if a part waits for the next one."""
        return bool(self._split)

    def of(self, line: Line) -> Line | None:
        """The whole line; None if a part of it is still to come."""
        joined = self._joined(line)
        return self._outdented(joined) if joined is not None else None

    def close(self) -> None:
        """The log has ended: no other part will come."""
        self._split.clear()

    def _joined(self, line: Line) -> Line | None:
        if line.whole and not line.stamp and not self._split:
            return line
        before = self._split.pop(line.channel, None)
        if before is None:
            before = self._passed_over(line)
        if line.whole and not before:
            return line
        text = (before + line.text)[:_LONGEST_SPLIT]
        if line.whole:
            return replace(line, text=text if text.endswith("}") else text[:LONGEST])
        if len(self._split) < _MOST_SPLIT:
            self._split[line.channel] = text
        return None

    def _passed_over(self, line: Line) -> str:
        """The parts of a JSON entry that precede the first part that looks like an error."""
        text = line.text
        if not line.stamp or (line.whole and (text.startswith('{"') or not text.endswith("}"))):
            return ""
        parts = [each.text for each in takewhile(lambda each: not each.whole, self._recent.of(line.channel))]
        # any other is what a program wrote last, without the end of a line
        return "".join(reversed(parts)) if parts and "{" in parts[-1][:WITHIN] else ""

    def _outdented(self, line: Line) -> Line:
        text = line.text
        if not text.startswith(_INDENT):
            self._first = text or self._first
            return line
        if self._recent.unread:
            self._first = self._first_before()
        margin = lines.journal_margin(self._first)
        return replace(line, text=text[margin:]) if margin and text.startswith(" " * margin) else line

    def _first_before(self) -> str:
        texts = (line.text for line in self._recent.lines())
        return next((text for text in texts if text and not text.startswith(_INDENT)), "")
