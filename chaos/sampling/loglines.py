"""Every application log line carries its writer's number: which lines survived the rotation?"""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_NUMBERED = re.compile(rb"pid=(\d+) (n|end)=(\d+)\b")  # begins with its rarest letters, so that it is fast
_CHUNK = 8_000_000


@dataclass(frozen=True, slots=True)
class LogLines:
    """`expected` comes from each writer's own last count. If a writer left none (its last line may be among the lost
    ones), the writers' published counter is used instead; without that, `complete` is false, because lines lost at
    the very end would go unnoticed.
    """

    writers: int
    lines: int
    expected: int
    lost: int
    doubled: int
    dropped: int
    complete: bool
    because: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The numbered lines that files hold, by writer, and the last counts that writers left."""

    lines: Mapping[bytes, Counter[int]]
    ends: Mapping[bytes, Counter[int]]
    files: int
    unread: str  # why not everything could be read

    def of(self, writer: bytes, before: Seen | None) -> _Writer:
        """Numbers written by a writer since `before`."""
        numbers, ends = self.lines.get(writer, Counter()), self.ends.get(writer, Counter())
        if before is None:
            return _Writer(numbers, max(ends, default=None), 0)
        old, old_ends = before.lines.get(writer, Counter()), before.ends.get(writer, Counter())
        numbers, ends = numbers - old, ends - old_ends
        # a new process with the same pid: the previous one logged its end, or counting restarted
        start = 0 if old_ends or 1 in numbers else max(old, default=0)
        return _Writer(
            Counter({n: times for n, times in numbers.items() if n > start}), max(ends, default=None), start
        )


@dataclass(frozen=True, slots=True)
class _Writer:
    numbers: Counter[int]
    end: int | None  # its own last count
    start: int  # what it had written before

    @property
    def expected(self) -> int:
        last = max(self.numbers, default=self.start) if self.end is None else self.end
        return last - self.start


def read(directory: Path, stem: str = "app.log") -> Seen:
    """The numbered lines of a log and of everything it was rotated into (`stem`, `.1`, `.2.gz` ...)."""
    lines: dict[bytes, Counter[int]] = defaultdict(Counter)
    ends: dict[bytes, Counter[int]] = defaultdict(Counter)
    files, unread = _files(directory, stem), ""
    for file in files:
        try:
            for chunk in _chunks(file):
                for pid, kind, n in _NUMBERED.findall(chunk):
                    (ends if kind == b"end" else lines)[pid][int(n)] += 1
        except (EOFError, OSError, zlib.error) as error:
            unread = unread or f"{file.name} cannot be read to its end: {error}"
    return Seen(dict(lines), dict(ends), len(files), unread)


def count(
    directory: Path,
    stem: str = "app.log",
    *,
    written: int | None = None,
    dropped: int = 0,
    before: Seen | None = None,
) -> LogLines:
    """Count the numbered lines of a log, except those already there `before`, from earlier runs or days.

    `written` and `dropped` are the writers' own published counters, since `before`. A file that cannot be read to its
    end is not an error: `complete` is then false, and `because` names it.
    """
    seen = read(directory, stem)
    found = {pid: seen.of(pid, before) for pid in seen.lines.keys() | seen.ends.keys()}
    writers = {pid: each for pid, each in found.items() if each.numbers or each.end is not None}
    because, unread = f"{seen.files} files read", (before.unread if before else "") or seen.unread
    silent = sorted(pid.decode() for pid, each in writers.items() if each.end is None)
    if silent:
        because = f"writer {', '.join(silent)} left no last count"
    lines = sum(len(each.numbers) for each in writers.values())
    total = sum(each.expected for each in writers.values())
    if silent and written is not None:
        total, because = max(total, written), "the writers' counter replaces a missing last count"
    doubled = sum(times - 1 for each in writers.values() for times in each.numbers.values())
    return LogLines(
        writers=len(writers),
        lines=lines,
        expected=total,
        lost=total - lines,
        doubled=doubled,
        dropped=dropped,
        complete=lines > 0 and not unread and not (silent and written is None),
        because=unread or (because if lines else "no numbered line was found"),
    )


def _files(directory: Path, stem: str) -> list[Path]:
    """The log's files, without compressed copies whose original still exists: logrotate removes the original only
    once the copy is complete, so such a copy is either truncated or a duplicate.
    """
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
