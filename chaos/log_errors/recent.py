"""The lines before the one that is read."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from chaos.log_errors import lines
from chaos.log_errors.lines import Line, Prefix


class Recent:
    """The latest lines of all writers, at most `most`: what an error may need of those before it."""

    def __init__(self, most: int) -> None:
        self._kept: deque[bytes | Line] = deque(
            maxlen=most
        )  # bytes: passed over, unread until they are needed

    def append(self, line: Line) -> None:
        self._kept.append(line)

    def passed_over(self, raw: Iterable[bytes]) -> None:
        """Keep lines that do not matter by themselves."""
        self._kept.extend(raw)

    @property
    def unread(self) -> bool:
        """True if the latest line was passed over."""
        return bool(self._kept) and isinstance(self._kept[-1], bytes)

    def lines(self) -> Iterator[Line]:
        """The nearest first."""
        for kept in reversed(self._kept):
            if isinstance(kept, Line):
                yield kept
            else:
                yield from reversed(lines.read(kept))

    def of(self, channel: str) -> Iterator[Line]:
        """Those of one channel, the nearest first."""
        return (line for line in self.lines() if line.channel == channel)

    def contents(self, channel: str, prefix: Prefix) -> list[str]:
        """The texts of those of one channel and prefix, the nearest first."""
        stripped = (prefix.strip(line.text) for line in self.of(channel))
        return [content for content in stripped if content is not None]
