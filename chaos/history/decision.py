"""The decision whether later runs are compared with a run. Kept in the run's directory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from chaos.record.store import RunDir

State = Literal["passed", "worse", "refused", "released", "withdrawn"]
"""`passed`, `refused`: by the gate that played it. `worse`: passed, but worse than the only run it was compared with.
`released`: by a person, as a new baseline: earlier runs no longer count. `withdrawn`: by a person."""

COUNTING: tuple[State, ...] = ("passed", "released")


@dataclass(frozen=True, slots=True)
class Decision:
    state: State
    at: str  # UTC, ISO 8601 in microseconds: the latest wins
    by: str
    because: str = ""


def decision(state: State, by: str, because: str = "") -> Decision:
    """Make a decision dated now."""
    return Decision(state, datetime.now(UTC).isoformat(timespec="microseconds"), by, because)


def write(run: RunDir, made: Decision) -> None:
    """Replace the previous decision atomically. Raises OSError."""
    part = run.decision.with_suffix(".part")
    part.write_text(json.dumps(asdict(made), indent=1) + "\n", encoding="utf-8")
    part.replace(run.decision)


def of_document(document: Mapping[str, Any]) -> Decision:
    """Raises ValueError, TypeError or KeyError for an invalid decision."""
    state, at = document["state"], document["at"]
    if state not in get_args(State):
        raise ValueError(f"{state!r} is not a decision about a run")
    if datetime.fromisoformat(at).tzinfo is None:
        raise ValueError(f"{at!r} has no time zone")
    return Decision(state, at, str(document.get("by", "")), str(document.get("because", "")))
