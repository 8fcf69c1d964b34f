"""The records of a stored run, whole or broken, as documents that can be masked."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from chaos.record.store import RunDir

MOST = 32_000_000  # bytes taken of one file: of a longer one the beginning and the end


class NotTaken(Exception):
    """Why a file is not in the report."""


def records(run: RunDir) -> tuple[str, ...]:
    """The names of the files that are taken, in the order in which they are read."""
    files = (
        run.run_file, run.events, run.healer_events, run.verdict, run.decision, run.hits_header, run.instrument,
        run.samples, run.answers, run.inventory_before, run.inventory_after, run.path / "load.log",
    )  # fmt: skip
    return tuple(file.name for file in files)


def left_out(run: RunDir) -> list[str]:
    """The other files of the run with their sizes."""
    taken = records(run)
    try:
        return [
            f"{each.name} ({_size(each)})" for each in sorted(run.path.iterdir()) if each.name not in taken
        ]
    except OSError as error:
        return [f"the directory could not be listed: {error.strerror}"]


def read(path: Path) -> list[Any]:
    """The file as a list of documents, one for each line of it; of one JSON document a list of one. What is no JSON
    is text. Raises NotTaken."""
    text = _text(path)
    if path.suffix == ".json":
        try:
            return [json.loads(text)]
        except (ValueError, RecursionError):
            pass
    return list(_parsed(text))


def written(path: str, documents: list[Any]) -> str:
    """The documents as the file had them."""
    if path.endswith(".json") and len(documents) == 1 and not isinstance(documents[0], str):
        return json.dumps(documents[0], indent=1) + "\n"
    return "".join(f"{each if isinstance(each, str) else _line(each)}\n" for each in documents)


def as_yaml(document: Any) -> str:
    buffer = StringIO()
    YAML().dump(document, buffer)
    return buffer.getvalue()


def summary(windows: list[Any]) -> dict[str, Any]:
    """Of the instrument's own record: how many windows, and the worst and the mean of each figure."""
    found: dict[str, Any] = {"windows": sum(isinstance(each, dict) and "lag" in each for each in windows)}
    for name in ("lag", "run_delay"):
        values = [
            value
            for each in windows
            if isinstance(each, dict) and isinstance(value := each.get(name), int | float)
        ]
        if values:
            found[name] = {"worst": max(values), "mean": sum(values) / len(values)}
    return found


def _line(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))


def _parsed(text: str) -> Iterator[Any]:
    for line in text.splitlines():
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            document = None
        yield line if document is None or isinstance(document, str) else document


def _text(path: Path) -> str:
    """Raises NotTaken for what is not there, is no regular file, or cannot be read."""
    try:
        # no link is followed out of the directory, and no pipe is waited for
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(opened, "rb") as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise NotTaken("is not a regular file")
            if info.st_size <= MOST:
                return file.read(MOST).decode(errors="replace")
            head = file.read(MOST // 2)
            file.seek(-(MOST // 2), os.SEEK_END)
            cut = f"\n... {info.st_size - MOST} bytes are left out here ...\n".encode()
            return (head + cut + file.read(MOST // 2)).decode(errors="replace")
    except FileNotFoundError:
        raise NotTaken("is not there") from None
    except OSError as error:
        raise NotTaken(f"cannot be read: {error.strerror or error}") from None


def _size(path: Path) -> str:
    try:
        info = path.lstat()
    except OSError:
        return "gone"
    return f"{info.st_size} bytes" if stat.S_ISREG(info.st_mode) else "not a regular file"
