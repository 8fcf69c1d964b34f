"""The plans of a suite: all are validated before the first is played."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from chaos.plan import build as plans
from chaos.plan.planned import Plan
from chaos.spec import assumed, kind, named_files
from chaos.spec.kind import Kind
from chaos.spec.overrides import Setting
from chaos.spec.suite import Suite
from chaos.spec.yamlfile import Mistakes, Where


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
    """Build the plan of the suite in the file. Raises FileError for every broken rule of it and of its scenarios, and
    UsageError."""

    def planned(at: Where, found: Suite) -> SuitePlan:
        return SuitePlan(found, path, _scenarios(at, found, target, profile, seed))

    def whole(document: Any) -> None:
        at = Where(path, document)
        planned(at, at.parse(Suite))

    at = Where.read(path)
    read = assumed.thorough(path, at.document, lambda document: Where(path, document).parse(Suite), whole)
    return planned(at, read)


def _scenarios(whole: Where, found: Suite, target: str, profile: str | None, seed: int) -> tuple[Plan, ...]:
    mistakes = Mistakes()
    planned: list[Plan] = []
    for index, each in enumerate(found.scenarios):
        at = whole.under("scenarios", index)
        with mistakes.noted():
            file = at.under("experiment").named(partial(named_files.search, each.experiment, "experiments"))
            if kind.of_file(file) is not Kind.EXPERIMENT:
                rule = "must be an experiment with a load; list the experiments of a suite one by one"
                raise at.under("experiment").broken(rule, each.experiment)
            settings = [Setting(text, at.under("set", number)) for number, text in enumerate(each.set)]
            planned.append(plans.build(str(file), target, profile, seed, settings))
    mistakes.refuse()
    return tuple(planned)
