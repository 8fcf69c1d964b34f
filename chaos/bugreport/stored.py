"""Read the records of a stored run, intact or damaged, as documents that can be masked."""

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

MOST = 32_000_000  # bytes packed of one file; of a longer one its beginning and end


class NotTaken(Exception):
    """A file is left out of the report: the message gives the reason."""


def records(run: RunDir) -> tuple[str, ...]:
    """Return the names of the files to pack, in reading order."""
    files = (
        run.run_file, run.events, run.healer_events, run.verdict, run.decision, run.hits_header, run.instrument,
        run.samples, run.answers, run.inventory_before, run.inventory_after, run.path / "load.log",
    )  # fmt: skip
    return tuple(file.name for file in files)


def left_out(run: RunDir) -> list[str]:
    """Return the run's other files, with sizes."""
    taken = records(run)
    try:
        return [
            f"{each.name} ({_size(each)})" for each in sorted(run.path.iterdir()) if each.name not in taken
        ]
    except OSError as error:
        return [f"could not list the directory: {error.strerror}"]


def read(path: Path) -> list[Any]:
    """Return the file as a list of documents, one per line; for a single JSON document a list of one. Lines that are
    not JSON stay text. Raises NotTaken."""
    text = _text(path)
    if path.suffix == ".json":
        try:
            return [json.loads(text)]
        except (ValueError, RecursionError):
            pass
    return list(_parsed(text))


def written(path: str, documents: list[Any]) -> str:
    """Return the documents in the file's own format."""
    if path.endswith(".json") and len(documents) == 1 and not isinstance(documents[0], str):
        return json.dumps(documents[0], indent=1) + "\n"
    return "".join(f"{each if isinstance(each, str) else _line(each)}\n" for each in documents)


def as_yaml(document: Any) -> str:
    buffer = StringIO()
    YAML().dump(document, buffer)
    return buffer.getvalue()


def summary(windows: list[Any]) -> dict[str, Any]:
    """Summarize the instrument's record: number of windows, worst and mean of each figure."""
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
    """Raises NotTaken if the file is missing, not regular, or unreadable."""
    try:
        # do not follow links out of the directory, do not block on pipes
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(opened, "rb") as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise NotTaken("not a regular file")
            if info.st_size <= MOST:
                return file.read(MOST).decode(errors="replace")
            head = file.read(MOST // 2)
            file.seek(-(MOST // 2), os.SEEK_END)
            cut = f"\n... {info.st_size - MOST} bytes left out ...\n".encode()
            return (head + cut + file.read(MOST // 2)).decode(errors="replace")
    except FileNotFoundError:
        raise NotTaken("missing") from None
    except OSError as error:
        raise NotTaken(f"cannot read: {error.strerror or error}") from None


def _size(path: Path) -> str:
    try:
        info = path.lstat()
    except OSError:
        return "gone"
    return f"{info.st_size} bytes" if stat.S_ISREG(info.st_mode) else "not a regular file"
