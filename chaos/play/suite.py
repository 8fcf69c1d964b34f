"""Play a suite: check all its files, play each scenario, judge the whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.errors import ExitCode, MidnightError, UsageError, worst
from chaos.play.experiment import shown
from chaos.play.playable import Request, Summary
from chaos.spec import suite

if TYPE_CHECKING:  # slow: each method imports what it needs, and `midnight list` needs none of it
    from rich.console import Console as Terminal

    from chaos.checks.result import RunResult
    from chaos.checks.verdict import Verdict
    from chaos.plan.suite import SuitePlan
    from chaos.record.store import RunDir
    from chaos.run.rehearsal import Row

ENDS_IT = (ExitCode.ABORTED, ExitCode.NOT_UNDONE)
"""A signal stops the whole suite, and so does a failed undo."""


class WholeSuite:
    """Several experiments against one target."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def summary(self) -> Summary:
        found = suite.load(self._path)
        return Summary("", ", ".join(each.experiment for each in found.scenarios), found.title)

    def warnings(self, target: str) -> tuple[str, ...]:
        return self.plan(Request(target)).warnings

    def plan(self, request: Request) -> SuitePlan:
        if request.changes:
            raise UsageError(
                "--set changes a step of a single experiment; for a suite, use the `set` key in its file"
            )
        if request.monitoring is not None:
            raise UsageError("--with monitoring is for a single experiment")
        from chaos.plan import suite as suite_plan

        return suite_plan.build(self._path, request.target, request.profile, request.seed)

    def show(self, request: Request, *, as_json: bool) -> str:
        plans = self.plan(request).plans
        if as_json:
            return json.dumps([plan.to_json() for plan in plans], indent=1)
        return "\n".join(map(shown, plans))

    def rehearse(self, request: Request) -> list[Row]:
        from chaos.run import starting

        return starting.rehearse(self.plan(request).plans)

    def play(self, request: Request, terminal: Terminal) -> RunResult:
        """Play every scenario. Returns the worst of their exit codes."""
        from chaos.checks import suite as suites
        from chaos.checks.result import RunResult
        from chaos.play import playing
        from chaos.record import store
        from chaos.run import suite_manifest
        from chaos.undo.locks import hold_lock

        plan = self.plan(request)
        run = store.create_run(plan.suite.name)
        with hold_lock(run):  # in progress, as its scenarios are in turn
            suite_manifest.save(run, plan)
            parts, errors = _play(plan, run, terminal)
            verdict = suites.judge(run, parts)
            code = worst([verdict.exit_code, *(ExitCode.FAILED for _ in errors)])
            result = RunResult(run, code, verdict, tuple(errors))
            return playing.concluded(result, lambda judged: _write(run, judged, parts))

    def tell(self, result: RunResult, terminal: Terminal) -> None:
        assert result.verdict is not None, "its scenarios were judged"
        terminal.print(result.verdict.headline, markup=False, soft_wrap=not terminal.is_terminal)
        if result.run.report.exists():
            terminal.print(f"report: {result.run.report}", markup=False, soft_wrap=True)


def _play(plan: SuitePlan, run: RunDir, terminal: Terminal) -> tuple[list[RunResult], list[str]]:
    from chaos.play import playing
    from chaos.run import signals, suite_manifest

    parts: list[RunResult] = []
    errors: list[str] = []
    for scenario, each in zip(plan.suite.scenarios, plan.plans, strict=True):
        try:
            with signals.kept():
                played = playing.play(replace(each, part_of=run.id), scenario.set, terminal)
        except MidnightError as error:  # refused after something was played: the rest cannot be played
            errors.append(f"{each.experiment.name}: {error}")
            break
        title = each.experiment.drill.scenario if each.experiment.drill else each.experiment.title
        parts.append(replace(played, title=title))
        suite_manifest.save_part(run, parts[-1])
        errors += played.errors
        if played.exit_code in ENDS_IT:
            break
    return parts, errors


def _write(run: RunDir, verdict: Verdict, parts: list[RunResult]) -> None:
    from chaos.play import playing
    from chaos.reports.drill_page import write_suite_report  # imports matplotlib: slow
    from chaos.reports.verdict_json import write_verdict

    write_verdict(run, verdict)
    write_suite_report(run, verdict, parts, playing.history(verdict))
