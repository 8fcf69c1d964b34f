"""Which bytes of a disk the files below a directory occupy: so that only they fail, and never the file system's own.

A journal that cannot be written makes ext4 read-only for good, which no service recovers from; a file's blocks that
cannot be written are reported to the process that syncs the file.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

FIEMAP = 0xC020660B  # _IOWR('f', 11, struct fiemap)
MOST = 256  # extents listed at once
UNKNOWN, DELAYED, INLINE, LAST = 0x2, 0x4, 0x200, 0x1
_HEAD = struct.Struct("=QQLLLL")
_EXTENT = struct.Struct("=QQQQQLLLL")

Ranges = tuple[tuple[int, int], ...]


def occupied(directory: Path) -> Ranges | None:
    """Byte ranges `(start, end)` of all files below, sorted and merged; without what is not yet on the disk.

    Files of other disks that are mounted below do not count. None if the file system does not tell.
    """
    found: list[tuple[int, int]] = []
    for file in _files(directory):
        try:
            found += extents(file)
        except OSError as error:
            if error.errno in (errno.EOPNOTSUPP, errno.ENOTTY, errno.ENOSYS):
                return None
            # removed meanwhile
    return merged(found)


def extents(file: Path) -> list[tuple[int, int]]:
    """The byte ranges of the device that one regular file occupies. Raises OSError if the file system has none."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return list(_extents(descriptor))
    finally:
        os.close(descriptor)


def merged(ranges: list[tuple[int, int]]) -> Ranges:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _files(directory: Path) -> Iterator[Path]:
    """The regular files below, on the same disk: a pipe or a socket looks like a file system that does not tell."""
    with suppress(OSError):  # the directory is gone
        device = directory.stat().st_dev
        waiting = [directory.resolve()]
        while waiting:
            for path, seen in _listed(waiting.pop()):
                if seen.st_dev != device:
                    continue
                if stat.S_ISDIR(seen.st_mode):
                    waiting.append(path)
                elif stat.S_ISREG(seen.st_mode):
                    yield path


def _listed(directory: Path) -> list[tuple[Path, os.stat_result]]:
    """What is in a directory. Looking changes nothing on the disk, not even the directory's time of access."""
    found = []
    with suppress(OSError):  # removed meanwhile
        descriptor = _opened(directory)
        try:
            with os.scandir(descriptor) as entries:
                for each in entries:
                    with suppress(OSError):
                        found.append((directory / each.name, each.stat(follow_symlinks=False)))
        finally:
            os.close(descriptor)
    return found


def _opened(directory: Path) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(directory, flags | os.O_NOATIME)
    except PermissionError:  # only its owner may leave the time of access alone
        return os.open(directory, flags)


def _extents(descriptor: int) -> Iterator[tuple[int, int]]:
    begin = 0
    while True:
        buffer = bytearray(_HEAD.size + MOST * _EXTENT.size)
        _HEAD.pack_into(buffer, 0, begin, (1 << 63) - 1, 0, 0, MOST, 0)
        fcntl.ioctl(descriptor, FIEMAP, buffer)
        count = _HEAD.unpack_from(buffer)[3]
        for number in range(count):
            logical, physical, length, _, _, flags, *_ = _EXTENT.unpack_from(
                buffer, _HEAD.size + number * _EXTENT.size
            )
            if not flags & (UNKNOWN | DELAYED | INLINE):
                yield physical, physical + length
            begin = logical + length
            if flags & LAST:
                return
        if not count:
            return
