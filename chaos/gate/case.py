"""One thing that a gate asks for, and how it came out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from chaos.checks.finding import Unit
from chaos.errors import ExitCode, of_outcome

CaseOutcome = Literal["pass", "fail", "unknown", "not exercised", "warning", "error", "advisory"]


@dataclass(frozen=True, slots=True)
class Case:
    """`error` is a fault of the tool or of the run, `fail` one of the target; `advisory` would be one if the gate were
    asked to hold to it. `because` is one sentence.

    `measured` and `allowed` are in `unit`.
    """

    check: str
    name: str
    outcome: CaseOutcome
    because: str
    measured: float | None = None
    allowed: float | None = None
    unit: Unit = ""

    @property
    def exit_code(self) -> ExitCode:
        return of_outcome(self.outcome)


def of_finding(finding: dict[str, Any]) -> Case:
    """A finding of a verdict.json as a case."""
    return Case(
        check=finding["check"],
        name=finding["name"],
        outcome=finding["outcome"],
        because=finding["because"],
        measured=finding["measured"],
        allowed=finding["allowed"],
        unit=finding["unit"],
    )
