"""Play one experiment against one target."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.console.typed import as_typed
from chaos.errors import ExitCode
from chaos.play.playable import Request, Summary
from chaos.spec import experiment as experiments
from chaos.spec import named_files
from chaos.spec.units import show_seconds

if TYPE_CHECKING:  # slow: each method imports what it needs, and `midnight list` needs none of it
    from rich.console import Console as Terminal

    from chaos.checks.result import RunResult
    from chaos.plan.planned import Plan
    from chaos.run.rehearsal import Row

DEFAULT = Request().target


class OneExperiment:
    def __init__(self, path: Path) -> None:
        self._path = path

    def summary(self) -> Summary:
        found = experiments.load(self._path)
        steps = ", ".join(step.name for step in found.steps)
        return Summary(show_seconds(round(found.load.length)), steps, found.title)

    def warnings(self, target: str) -> tuple[str, ...]:
        plan = self.plan(Request(target))
        return (*(each.shown for each in plan.left_out), *plan.warnings)

    def plan(self, request: Request) -> Plan:
        from chaos.plan import build as plans
        from chaos.spec.overrides import Setting

        return plans.build(
            str(self._path),
            request.target,
            request.profile,
            request.seed,
            tuple(map(Setting, request.changes)),
            request.monitoring,
        )

    def show(self, request: Request, *, as_json: bool) -> str:
        plan = self.plan(request)
        return json.dumps(plan.to_json() | {"notes": plan.notes()}, indent=1) if as_json else shown(plan)

    def rehearse(self, request: Request) -> list[Row]:
        from chaos.run import starting

        return starting.rehearse([self.plan(request)])

    def play(self, request: Request, terminal: Terminal) -> RunResult:
        from chaos.play.playing import play

        plan = self.plan(request)
        result = play(plan, request.changes, terminal)
        return replace(result, hint=what_next(plan, result, request.target))

    def tell(self, result: RunResult, terminal: Terminal) -> None:
        from chaos.reports.terminal import print_verdict

        if result.verdict is not None:
            print_verdict(result.run, result.verdict, terminal)
            terminal.print(f"next: {as_typed(result.hint)}", markup=False, soft_wrap=True)


def shown(plan: Plan) -> str:
    """Return the plan as text: a headline, then one line per item."""
    profile = plan.profile or "none"
    head = f"{plan.experiment.name} against {plan.target.name}, profile {profile}, seed {plan.seed}"
    return "\n  ".join((head, *plan.lines()))


def what_next(plan: Plan, result: RunResult, target: str = DEFAULT) -> str:
    """Suggest the next command after this verdict, to be typed as it is. `target`: as it was given."""
    others = [name for name in plan.target.profiles if name != plan.profile]
    if result.exit_code is ExitCode.NOT_UNDONE:
        return f"midnight undo {result.run.id}"
    if result.exit_code is ExitCode.PASS and others:
        at = "" if target == DEFAULT else f" --target {target}"
        return f"midnight run {_named(plan.experiment_file)}{at} --profile {others[0]} --seed {plan.seed}"
    return f"midnight explain {result.run.id}"


def _named(file: Path) -> str:
    """The experiment by its name if that leads to this file, else by its path."""
    found = named_files.available("experiments").get(file.stem)
    return file.stem if found is not None and found.resolve() == file.resolve() else str(file)
