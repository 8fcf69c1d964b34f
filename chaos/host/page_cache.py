"""Drop files from the kernel's page cache, so that reading them costs as much as the first time."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_DROP = Path("/proc/sys/vm/drop_caches")


def files_below(place: Path) -> list[Path]:
    """The file itself, or every file below the directory."""
    return [path for path in place.rglob("*") if path.is_file()] if place.is_dir() else [place]


def drop_all(files: Iterable[Path]) -> str:
    """Make the next read of these files, which midnight owns, come from disk; return the method used.

    As root, drop the whole machine's cache; otherwise advise the kernel to drop these files.
    """
    chosen = list(files)
    for path in chosen:
        _sync(path)  # dirty pages are not dropped
    try:
        _DROP.write_text("1")
    except OSError:
        return forget(chosen)
    return f"dropped ({_DROP})"


def forget(files: Iterable[Path]) -> str:
    """Advise the kernel to drop these files, which are only opened for reading; return the method used."""
    for path in files:
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)
    return "asked to be dropped (posix_fadvise)"


def _sync(path: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
