"""Read files of JSON lines: the first line states the version, each other one is a record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaos.record import renamed
from chaos.record.event import Event
from chaos.record.events import HealerEnded
from chaos.record.newer import refuse_newer
from chaos.record.store import RunDir

VERSION = 2
"""Version of all JSON lines files; docs/journal.md defines when it rises. A file without one has version 1."""


def read_lines(path: Path, damaged: list[int] | None = None) -> Iterator[dict[str, Any]]:
    """Read the records of one file. Raises ValueError for a newer version. A damaged line is skipped: its number goes
    into `damaged`, unless it is the last one, torn by a kill."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file):
            document = _record(line)
            if document is None:
                if damaged is not None and line.endswith("\n"):
                    damaged.append(number + 1)
                continue
            if number == 0:
                refuse_newer(path, document.get("version", 1), VERSION)
            if number or document.keys() != {"version"}:
                yield document


def _record(line: str) -> dict[str, Any] | None:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def read_events(run: RunDir, damaged: list[int] | None = None) -> list[Event]:
    """Read the runner's and the healer's events in order of time; skips damaged lines, see `read_lines`."""
    found = []
    for path in (run.events, run.healer_events):
        for number, line in enumerate(read_lines(path, damaged), start=2):
            event = _event_of(line)
            if event is not None:
                found.append(event)
            elif damaged is not None:
                damaged.append(number)
    return sorted(found, key=lambda event: event.at)


def _event_of(line: dict[str, Any]) -> Event | None:
    try:
        event = Event(**line)
    except TypeError:
        return None
    texts = (event.source, event.name, event.phase)
    timed = isinstance(event.at, int | float) and not isinstance(event.at, bool)
    known = timed and all(isinstance(text, str) for text in texts) and isinstance(event.detail, dict)
    return _as_named_today(event) if known else None


def _as_named_today(event: Event) -> Event:
    """Read the event, translating old names."""
    detail = event.detail
    if event.source == HealerEnded.source:
        detail = {renamed.HEALED.get(key, key): value for key, value in detail.items()}
    return replace(event, phase=renamed.PHASES.get(event.phase, event.phase), detail=detail)
