"""The content of log files, compressed ones included, in pieces."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import IO, Literal

from chaos.log_errors.scan import CHUNK

STDIN = Path("-")
HEAD = 4096
_Stream = IO[bytes] | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile
_PROGRAMS = {".zst": "zstd", ".lz4": "lz4"}
_OPENED: Mapping[str, Callable[[Path, Literal["rb"]], _Stream]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".lzma": lzma.open,
}
PACKED = frozenset({*_OPENED, *_PROGRAMS})
"""Suffixes of files that are unpacked as they are read."""
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError)


class NotRead(Exception):
    """A log cannot be read, or not to its end: says why."""


def parts(path: Path, skipped: Callable[[bytes], int] | None = None) -> Iterator[bytes]:
    """The unpacked content of a log; of standard input for `-`. Raises NotRead.

    `skipped` says, from the first `HEAD` bytes of the content, how many bytes to leave out.
    """
    try:
        if path == STDIN:
            yield from _pieces(sys.stdin.buffer)
        elif path.suffix not in PACKED:
            with path.open("rb") as stream:
                if skipped is not None:
                    stream.seek(skipped(stream.read(HEAD)))
                yield from _pieces(stream)
        else:
            yield from _without(_content(path), skipped)
    except _DAMAGED as error:
        raise NotRead(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def _content(path: Path) -> Iterator[bytes]:
    if (program := _PROGRAMS.get(path.suffix)) is not None:
        yield from _unpacked(program, path)
        return
    with _OPENED[path.suffix](path, "rb") as stream:
        yield from _pieces(stream)


def _without(content: Iterator[bytes], skipped: Callable[[bytes], int] | None) -> Iterator[bytes]:
    """The content without its beginning: what is packed cannot be skipped unread."""
    first = next(content, b"")
    left = skipped(first[:HEAD]) if skipped is not None else 0
    for part in chain([first], content):
        if part[left:]:
            yield part[left:]
        left = max(0, left - len(part))


def _pieces(stream: _Stream) -> Iterator[bytes]:
    while piece := stream.read(CHUNK):
        yield piece


def _unpacked(program: str, path: Path) -> Iterator[bytes]:
    """Unpack with the format's own program, which has ended when this returns."""
    if shutil.which(program) is None:
        raise NotRead(f"{path}: needs the program {program}")
    with path.open("rb") as packed:
        child = subprocess.Popen(
            [program, "-dcq"], stdin=packed, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    assert child.stdout is not None
    try:
        yield from _pieces(child.stdout)
        if (code := child.wait()) != 0:
            raise NotRead(f"{path}: {program} ended with {code}")
    finally:
        child.stdout.close()
        with suppress(ProcessLookupError):
            child.kill()
        child.wait()
