"""The content of a log file, unpacked. Standard library only: it also runs in a sidecar."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

CHUNK = 1 << 20
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError)
_OPENED: Mapping[str, Callable[[Path], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".lzma": lzma.open,
}
_PROGRAMS = {".zst": "zstd", ".lz4": "lz4"}
PACKED = frozenset({*_OPENED, *_PROGRAMS})


def content(path: Path) -> Iterator[bytes]:
    """Raises one of DAMAGED if it cannot be read to its end."""
    if (program := _PROGRAMS.get(path.suffix)) is not None:
        yield from _by_program(program, path)
        return
    opened: Callable[[Path], Any] = _OPENED.get(path.suffix, lambda path: path.open("rb"))
    with opened(path) as stream:
        yield from _pieces(stream)


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(CHUNK):
        yield piece


def _by_program(program: str, path: Path) -> Iterator[bytes]:
    if shutil.which(program) is None:
        raise OSError(f"needs the program {program}")
    argv = [program, "-dcq", str(path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        yield from _pieces(child.stdout)
    if child.returncode != 0:
        raise OSError(f"{program} ended with {child.returncode}")
