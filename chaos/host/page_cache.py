"""Files out of the kernel's page cache, so that reading them costs what it would cost the first time."""

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
    """Have these files, which are ours, read from the disk next time; says by what that was done.

    As root the whole machine's cache is dropped; else the kernel is asked to forget these files.
    """
    chosen = list(files)
    for path in chosen:
        _sync(path)  # what is not yet written is not dropped
    try:
        _DROP.write_text("1")
    except OSError:
        return forget(chosen)
    return f"dropped ({_DROP})"


def forget(files: Iterable[Path]) -> str:
    """Ask the kernel to forget these files, which are only opened for reading; says how it was asked."""
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
