"""Files of SQLite that a service uses: named in its variables, or held open."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from chaos.first_target.process import tree

_URL = re.compile(r"sqlite3?(?:\+\w+)?:(?:///)?([^?]+)(?:\?.*)?", re.I | re.S)
_NAME = re.compile(r"[^\0\n]{1,300}")
_MAGIC = b"SQLite format 3\0"
_MOST = 3


def found(environment: Mapping[str, str], process: psutil.Process | None) -> list[Path]:
    """Absolute paths, at most three."""
    candidates = [*_named(environment, process), *(_held(process) if process is not None else ())]
    return [path for path in dict.fromkeys(candidates) if _is_one(path)][:_MOST]


def _named(environment: Mapping[str, str], process: psutil.Process | None) -> Iterator[Path]:
    here = Path("/")
    if process is not None:
        with suppress(psutil.Error):
            here = Path(process.cwd())
    for value in environment.values():
        matched = _URL.fullmatch(value)
        text = matched[1] if matched else value
        if _NAME.fullmatch(text) and (
            matched or "/" in text or text.endswith((".db", ".sqlite", ".sqlite3"))
        ):
            yield here / text


def _held(process: psutil.Process) -> Iterator[Path]:
    for each in tree(process):
        with suppress(psutil.Error):
            yield from (Path(file.path) for file in each.open_files())


def _is_one(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except (OSError, ValueError):
        return False
