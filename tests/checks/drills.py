"""A planted drill: a loss at 20 s of the play, felt until 27 s, with a runbook of two steps."""

from __future__ import annotations

from typing import Any

from chaos.checks.finding import Outcome
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Event
from tests.checks.synthetic import PLAY, Night

PASS, FAIL, UNKNOWN, IDLE = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.NOT_EXERCISED
LOSS = (20.0, 20.2)  # seconds of the play at which the act begins and ends
BACK = 27.0

Evidence = dict[str, Any]


def step(name: str, begun: float, ended: float, phase: str = "ended", **detail: Any) -> list[Event]:
    """A step of the runbook, in seconds of the play."""
    return [
        Event(PLAY + begun, "runbook", name, "begun", {"by": "midnight"}),
        Event(PLAY + ended, "runbook", name, phase, {"seconds": ended - begun, **detail}),
    ]


def drill(**changed: Any) -> dict[str, Any]:
    return {
        "scenario": "Primary lost",
        "loss": "loss",
        "runbook": [{"name": "detect", "at": 0}, {"name": "promote", "after": "detect"}],
        **changed,
    }


def night(
    *runbook_steps: list[Event],
    evidence: Evidence | None = None,
    out: bool = True,
    plan: Any = None,
    **changed: Any,
) -> Night:
    """A loss at 20 s, felt until 27 s, with a runbook of two steps."""
    instant = {"begun": PLAY + LOSS[0], "ended": PLAY + LOSS[1]}
    told = {"instant": instant, **(evidence or {})}
    steps = [
        Event(PLAY + 20.0, "step", "loss", "injecting", {"undo": {}}),
        Event(PLAY + 20.3, "step", "loss", "injected", {"evidence": told}),
        Event(PLAY + 25.9, "step", "loss", "held", {"dose": {"lost": 1.0}, "floor": {"lost": 1.0}}),
        Event(PLAY + 26.0, "step", "loss", "undone", {}),
    ]
    usual = [step("detect", 0.0, 24.0), step("promote", 24.0, 25.5)]
    return Night(
        changed={
            "steps": [{"name": "loss", "fault": "lose_primary", "at": 20, "hold": 5}],
            "slos": [],
            "limits": {"rto": 15, "rpo": 10, "lost_writes": 0},
            "drill": plan or drill(),
            **changed.pop("experiment", {}),
        },
        steps=[*steps, *(event for some in (runbook_steps or usual) for event in some)],
        bad=[(LOSS[0], BACK, Hit.BAD_STATUS)] if out else [],
        **changed,
    )


# the baseline's hundred hits hold twenty writes, and then every fifth of ten hits a second is one
def write_at(seconds: float) -> int:
    return 21 + round(seconds * 2)
