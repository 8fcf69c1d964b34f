"""Read files named by a user within bounds: pipes, devices and huge files are refused at once. Write one whole."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from chaos.errors import FileError

MOST_TEXT = 512 * 1024
"""Maximum bytes of a file written by a person: a schedule of a thousand runs has a fifth of it."""

MOST_RECORD = 32 * 1024 * 1024
"""Maximum bytes of a file written by midnight, such as a verdict."""

DEEPEST = 100

_KINDS = {
    stat.S_IFDIR: "is a directory",
    stat.S_IFIFO: "is a pipe: write its content to a file first",
    stat.S_IFSOCK: "is a socket",
    stat.S_IFCHR: "is a device",
    stat.S_IFBLK: "is a device",
}


def read_text(path: Path, most: int = MOST_TEXT) -> str:
    """Read a regular file's text (UTF-8) of at most `most` bytes. Raises FileError."""
    content = _read(path, most)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:  # its message may quote the file
        line = content.count(b"\n", 0, error.start) + 1
        raise FileError(path, line, "", "is not UTF-8 text: save the file as UTF-8") from None


def write_text(path: Path, text: str) -> Path:
    """Write a file atomically, as it is given (UTF-8), and return its path. Raises OSError."""
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text(text, encoding="utf-8", newline="")
    return unfinished.replace(path)


def read_json(path: Path, most: int = MOST_RECORD) -> dict[str, Any]:
    """Read the JSON object in a regular file. Raises FileError."""
    try:
        document = json.loads(read_text(path, most))
    except (ValueError, RecursionError) as error:
        raise FileError(path, None, "", f"cannot be read: {error}") from None
    if not isinstance(document, dict):
        raise FileError(path, None, "", f"must be a JSON object, not {type(document).__name__}")
    return document


def why_not_regular(path: Path) -> str | None:
    """Describe a path that is not a regular file; None if it is one or does not exist."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    return None if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "is not a regular file")


def refuse_pipes(directory: Path) -> None:
    """Raises FileError for a file in the directory that is endless or would wait for a writer."""
    for path in sorted(directory.iterdir()):
        if not path.is_dir() and (why := why_not_regular(path)) is not None:
            raise FileError(path, None, "", why)


def _read(path: Path, most: int) -> bytes:
    why_not = why_not_regular(path)  # before opening it, which could move a tape or wait for a writer
    try:
        if why_not is None:
            # it may have been replaced since: opening does not block, and reading is bounded
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    content = file.read(most + 1)
                    if len(content) <= most:
                        return content
                    why_not = f"is larger than {most // 1024} kB"
                else:
                    why_not = "is not a regular file"
    except OSError as error:
        raise FileError(path, None, "", f"cannot be read: {error.strerror or error}") from error
    raise FileError(path, None, "", why_not)
