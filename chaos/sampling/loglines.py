"""Every application log line carries its writer's number: which of them are still there after the rotation?"""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_NUMBERED = re.compile(rb"pid=(\d+) (n|end)=(\d+)\b")  # begins with its rarest letters, so that it is fast
_CHUNK = 8_000_000


@dataclass(frozen=True, slots=True)
class LogLines:
    """`expected` comes from each writer's own last count. Where a writer left none (its last line may be
    among the lost), the writers' published counter stands in; without that `complete` is false, because
    lines lost at the very end could not be told."""

    writers: int
    lines: int
    expected: int
    lost: int
    doubled: int
    dropped: int
    complete: bool
    because: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def count(
    directory: Path, stem: str = "app.log", *, written: int | None = None, dropped: int = 0
) -> LogLines:
    """Count the numbered lines of a log and of everything it was rotated into (`stem`, `.1`, `.2.gz` ...).

    `written` and `dropped` are what the writers published of themselves. A file that cannot be read to its
    end is no error: `complete` is then false, and `because` names it.
    """
    seen: dict[bytes, Counter[int]] = defaultdict(Counter)
    ends: dict[bytes, int] = {}
    files, unread = _files(directory, stem), ""
    for file in files:
        try:
            for chunk in _chunks(file):
                for pid, kind, n in _NUMBERED.findall(chunk):
                    if kind == b"end":
                        ends[pid] = int(n)
                    else:
                        seen[pid][int(n)] += 1
        except (EOFError, OSError, zlib.error) as error:
            unread = unread or f"{file.name} cannot be read to its end: {error}"
    because = f"{len(files)} files read"
    expected = {pid: ends.get(pid, max(seen[pid], default=0)) for pid in seen.keys() | ends.keys()}
    silent = sorted(pid.decode() for pid in seen.keys() - ends.keys())
    if silent:
        because = f"writer {', '.join(silent)} left no last count"
    lines, total = sum(len(numbers) for numbers in seen.values()), sum(expected.values())
    if silent and written is not None:
        total, because = max(total, written), "the writers' counter stands in for a last count that is gone"
    doubled = sum(times - 1 for numbers in seen.values() for times in numbers.values())
    return LogLines(
        writers=len(expected),
        lines=lines,
        expected=total,
        lost=total - lines,
        doubled=doubled,
        dropped=dropped,
        complete=bool(seen) and not unread and not (silent and written is None),
        because=unread or (because if seen else "no numbered line was found"),
    )


def _files(directory: Path, stem: str) -> list[Path]:
    """The log's files without compressed copies whose original still stands: it is removed only when its
    copy is whole, so that such a copy was cut off, or says everything twice."""
    found = sorted(directory.glob(f"{stem}*"))
    return [file for file in found if file.suffix != ".gz" or file.with_suffix("") not in found]


def _chunks(file: Path) -> Iterator[bytes]:
    """The file in pieces that end at a line's end."""
    with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as stream:
        rest = b""
        while part := stream.read(_CHUNK):
            head, newline, tail = (rest + part).rpartition(b"\n")
            yield head + newline
            rest = tail
        yield rest
