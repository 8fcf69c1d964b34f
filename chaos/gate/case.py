"""One requirement of a gate, and its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from chaos.checks.finding import Unit, recalled
from chaos.checks.registered import described
from chaos.errors import ExitCode, of_outcome

RUN = "run"
"""The check of the case that judges how a run ended."""

CaseOutcome = Literal["pass", "fail", "unknown", "not exercised", "warning", "error", "advisory"]


@dataclass(frozen=True, slots=True)
class Case:
    """`error` is a failure of the tool or the run, `fail` one of the target; `advisory` would be a fail if enforced.
    `because` is one sentence.

    `measured` and `allowed` are in `unit`; `sign`: ≤ if `allowed` is a ceiling, ≥ if it is a floor.
    """

    check: str
    name: str
    outcome: CaseOutcome
    because: str
    measured: float | None = None
    allowed: float | None = None
    unit: Unit = ""
    sign: Literal["≤", "≥"] = "≤"
    lower_bound: bool = False  # `measured` may be larger

    @property
    def exit_code(self) -> ExitCode:
        return of_outcome(self.outcome)


def of_finding(finding: dict[str, Any]) -> Case:
    """Convert a finding of verdict.json to a case."""
    return Case(
        check=finding["check"],
        name=finding["name"],
        outcome=finding["outcome"],
        because=finding["because"],
        measured=recalled(finding),
        allowed=finding["allowed"],
        unit=finding["unit"],
        sign=described(finding["check"]).sign(finding["unit"]),
        lower_bound=finding.get("lower_bound", False),
    )
