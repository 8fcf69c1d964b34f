"""The record of what was done on the pages: who, when, what, and what came of it. Lines are only ever added."""

from __future__ import annotations

import json
import os
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from chaos.errors import NotRecorded
from chaos.record import store
from chaos.record.lines import read_lines


@dataclass(frozen=True, slots=True)
class Act:
    """`outcome`: `asked` as long as nothing came of it."""

    at: str  # UTC
    who: str
    what: str
    outcome: str
    run: str = ""


ASKED = "asked"


def place() -> Path:
    return store.state_dir() / "web-acts.jsonl"


def add(who: str, what: str, outcome: str = ASKED, run: str = "") -> None:
    """Record an act, on disk when this returns. Raises NotRecorded: then it must not be done."""
    act = Act(datetime.now(UTC).isoformat(timespec="seconds"), who, what, outcome, run)
    path = place()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, f"{json.dumps(asdict(act))}\n".encode())
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise NotRecorded(f"{path}: cannot write: {error.strerror or error}; nothing was done") from error


def newest(count: int) -> list[Act]:
    """Return the newest acts, newest first. Raises ValueError, OSError."""
    lines = deque(read_lines(place()), maxlen=count)
    fields = Act.__dataclass_fields__
    found = [Act(**{name: str(line.get(name, "")) for name in fields}) for line in lines]
    return found[::-1]
