"""The plans of a suite: all are validated before the first is played."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chaos.plan import build as plans
from chaos.plan.planned import Plan
from chaos.spec import suite
from chaos.spec.suite import Suite
from chaos.spec.yamlfile import Mistakes


@dataclass(frozen=True, slots=True)
class SuitePlan:
    """One plan for each scenario, in order."""

    suite: Suite
    file: Path
    plans: tuple[Plan, ...]

    @property
    def aim(self) -> str:
        """Return the first scenario's: all share one target."""
        return self.plans[0].aim

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(warning for plan in self.plans for warning in plan.warnings)


def build(path: Path, target: str, profile: str | None = None, seed: int = 1) -> SuitePlan:
    """Build the plan of the suite in the file. Raises FileError or UsageError."""
    found, mistakes = suite.load(path), Mistakes()
    planned: list[Plan] = []
    for each in found.scenarios:
        with mistakes.noted():
            planned.append(plans.build(each.experiment, target, profile, seed, each.set))
    mistakes.refuse()
    return SuitePlan(found, path, tuple(planned))
