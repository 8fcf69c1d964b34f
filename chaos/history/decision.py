"""What was decided about a run: whether later runs are compared with it. It lies in the run's own directory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from chaos.record.store import RunDir

State = Literal["passed", "worse", "refused", "released", "withdrawn"]
"""`passed`, `refused`: by the gate that played it. `worse`: passed, but worse than the only run it could be compared
with. `released`: by a person, for a new beginning: what lies before it counts no longer. `withdrawn`: by a person."""

COUNTING: tuple[State, ...] = ("passed", "released")


@dataclass(frozen=True, slots=True)
class Decision:
    state: State
    at: str  # UTC, ISO 8601 to the microsecond: the later one counts
    by: str
    because: str = ""


def decision(state: State, by: str, because: str = "") -> Decision:
    """A decision of this instant."""
    return Decision(state, datetime.now(UTC).isoformat(timespec="microseconds"), by, because)


def write(run: RunDir, made: Decision) -> None:
    """It replaces the one before, whole or not at all. Raises OSError."""
    part = run.decision.with_suffix(".part")
    part.write_text(json.dumps(asdict(made), indent=1) + "\n", encoding="utf-8")
    part.replace(run.decision)


def of_document(document: Mapping[str, Any]) -> Decision:
    """Raises ValueError, TypeError or KeyError for what is no decision."""
    state, at = document["state"], document["at"]
    if state not in get_args(State):
        raise ValueError(f"{state!r} is no decision about a run")
    if datetime.fromisoformat(at).tzinfo is None:
        raise ValueError(f"{at!r} has no time zone")
    return Decision(state, at, str(document.get("by", "")), str(document.get("because", "")))
