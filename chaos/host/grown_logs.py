"""Lines that were added to the files of a log directory since a moment, counted by a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MOST = 64_000_000  # bytes of each file that are read
_CHUNK = 1 << 20


class GrownLogs:
    """Remembers how long each file is; `count` reads what has come since. A renamed file is recognized."""

    def __init__(self, directory: Path | None) -> None:
        """None: no logs can be read; nothing is ever found."""
        self._directory = directory
        self._lengths = {inode: length for _, inode, length in self._files()}

    def count(self, pattern: re.Pattern[bytes]) -> int:
        """Lines that match. Files that cannot be read are skipped."""
        found = 0
        for path, inode, length in self._files():
            before = self._lengths.get(inode, 0)
            with suppress(OSError):
                # a file that was truncated is new from its beginning
                found += _matching(path, before if before <= length else 0, pattern)
        return found

    def _files(self) -> Iterator[tuple[Path, int, int]]:
        with suppress(OSError):
            for path in sorted(self._directory.iterdir()) if self._directory else ():
                with suppress(OSError):
                    if path.is_file():
                        info = path.stat()
                        yield path, info.st_ino, info.st_size


def _matching(path: Path, start: int, pattern: re.Pattern[bytes]) -> int:
    found, left = 0, MOST
    with path.open("rb") as file:
        file.seek(start)
        while left > 0 and (lines := file.readlines(_CHUNK)):
            left -= sum(map(len, lines))
            found += sum(pattern.search(line) is not None for line in lines)
    return found
