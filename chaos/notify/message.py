"""The message about a run: the documented JSON body, and the same as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

VERSION = 1


class Event(StrEnum):
    FAIL = "fail"
    UNKNOWN = "unknown"
    RECOVERED = "recovered"  # the first pass after a fail or an unknown
    MISSED = "missed"  # due but not played: missed or refused
    PASSED = "passed"


BAD = frozenset({Event.FAIL, Event.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Message:
    """One event of one schedule. `due` is in UTC; `figures` are those of verdict.json."""

    event: Event
    schedule: str
    experiment: str
    target: str
    profile: str | None
    due: datetime
    headline: str
    verdict: str | None = None
    exit_code: int | None = None
    run: str | None = None
    report: str | None = None  # the path of the report on the machine that played it
    figures: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"version": VERSION, **asdict(self), "due": self.due.isoformat(timespec="seconds")}


def title(body: Mapping[str, Any]) -> str:
    return f"midnight: {body['schedule']}: {body['event']}"


def text(body: Mapping[str, Any]) -> str:
    """The body as text."""
    where = f"{body['experiment']} against {body['target']}"
    lines = [body["headline"], f"{where}, profile {body['profile']}" if body["profile"] else where]
    lines.append(f"due {body['due']}")
    lines += [f"{key} {body[key]}" for key in ("run", "report") if body[key]]
    return "\n".join(lines)
