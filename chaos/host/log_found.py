"""The lines that the files of a log hold beyond what they held before the run, however they were rotated.

Standard library only: it also runs in a sidecar.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from chaos.host import log_archives
from chaos.host.log_inode import HEAD, Followed
from chaos.host.log_tally import Tally
from chaos.host.log_unpacked import DAMAGED, PACKED, content

__all__ = ["PACKED", "archives", "find", "matching"]


def matching(patterns: Sequence[str]) -> list[str]:
    """The logs that paths and patterns name, without their archives."""
    found = sorted({each for pattern in patterns for each in glob.glob(pattern) if Path(each).is_file()})  # noqa: PTH207 (pathlib's `*` matches hidden files)
    names = [Path(each) for each in found]
    return [
        str(each)
        for each in names
        if not any(log_archives.parse(each, other.name) for other in names if other.parent == each.parent)
    ]


def archives(log: str, logs: Sequence[str], places: Sequence[str]) -> list[Path]:
    """The archives of a log: beside it, in directories directly below, and in further places."""
    path, found = Path(log), list[Path]()
    try:
        kept = log_archives.kept_of(path, [Path(each) for each in logs])
        found += [*(each.path for each in kept.archives), *kept.unknown]
    except OSError:
        pass
    for place in places:
        if Path(place).is_dir() and Path(place) != path.parent:
            found += [each for each in sorted(Path(place).iterdir()) if log_archives.parse(each, path.name)]
    return list(dict.fromkeys(found))


def find(
    log: str,
    logs: Sequence[str],
    places: Sequence[str],
    followed: Mapping[tuple[int, int], Followed],
    packed: Mapping[tuple[int, int], int],
    tally: Tally,
) -> tuple[int, str]:
    """Add the lines of a log's files to its tally; return how many were read, and why one could not be, if so.

    `logs`: all of them; `followed`: those of this one; `packed`: archives of before that no longer change.
    """
    named = {name for each in followed.values() if (name := each.name_now()) is not None}
    moved = sorted({str(Path(name).parent) for name in named})
    # also what is still there under a name that is no archive's
    paths = {*archives(log, logs, [*places, *moved]), *map(Path, named)}
    if Path(log).exists():  # else moved away, and not opened again: its lines are in the archives, or nowhere
        paths.add(Path(log))
    files, unread, seen = 0, "", set[tuple[int, int]]()
    for path in sorted(paths):
        if path.suffix in PACKED and path.with_suffix("") in paths:
            continue  # being packed: the original is removed once the copy is complete
        try:
            told = path.stat()
            inode = told.st_dev, told.st_ino
            if inode in seen or packed.get(inode) == told.st_size:
                continue
            seen.add(inode)
            files += 1
            parts = _of_inode(followed[inode]) if inode in followed else _of_copy(path, followed)
            _count(parts, tally)
        except DAMAGED as error:
            unread = (
                unread or f"{path} cannot be read to its end: {getattr(error, 'strerror', None) or error}"
            )
    return files, unread


def _of_inode(each: Followed) -> Iterator[bytes]:
    """What was written to it since it was last truncated, as far as it was followed."""
    left = each.position - each.segments[-1].start
    with Path(f"/proc/self/fd/{each.fd}").open("rb") as file:
        file.seek(each.segments[-1].start)
        while left > 0 and (part := file.read(min(left, 1 << 20))):
            left -= len(part)
            yield part


def _of_copy(path: Path, followed: Mapping[tuple[int, int], Followed]) -> Iterator[bytes]:
    """A copy of something followed, without what that held before; of anything else, everything."""
    pieces = content(path)
    first = b""
    for piece in pieces:
        first += piece
        if len(first) >= HEAD:
            break
    skipped = _known(first[:HEAD], followed)
    for part in chain([first], pieces):
        if part[skipped:]:
            yield part[skipped:]
        skipped = max(0, skipped - len(part))


def _known(head: bytes, followed: Mapping[tuple[int, int], Followed]) -> int:
    """The bytes that were there before, by the longest known beginning that is this one's. The original may have grown
    since it was copied."""
    likely = [
        (min(len(segment.head), len(head)), segment.start)
        for each in followed.values()
        for segment in each.segments
        if segment.head
        and len(head) >= min(segment.start, HEAD)
        and segment.head[: len(head)] == head[: len(segment.head)]
    ]
    return max(likely, default=(0, 0))[1]


def _count(parts: Iterator[bytes], tally: Tally) -> None:
    rest = b""
    for part in parts:
        *lines, rest = (rest + part.replace(b"\0", b"")).split(b"\n")
        if lines:
            tally.find(lines)
