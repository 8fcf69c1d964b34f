"""`midnight run` of a suite: all is checked first, then each scenario is played, and the whole is judged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console as Terminal

from chaos.checks import suite
from chaos.checks.suite import Part, Suite
from chaos.checks.verdict import Verdict
from chaos.cli import playing
from chaos.cli.output import tell
from chaos.errors import Aborted, MidnightError, worst
from chaos.plan import suite as suite_plan
from chaos.plan.planned import Plan
from chaos.record import store
from chaos.record.store import RunDir
from chaos.reports.verdict_json import as_text, write_verdict
from chaos.run import suite_manifest

ENDS_IT = (Aborted.exit_code, 6)  # a signal was meant for all; what is not undone must not be played on


def run_suite(path: Path, target: str, profile: str | None, seed: int, *, dry_run: bool, json_: bool) -> int:
    """Play every scenario; ends with the worst of their codes. A bad file of any ends it before the first."""
    found = suite.load(path)
    chosen = suite_plan.build(path, target, profile, seed)
    if dry_run:
        if json_:
            print(json.dumps([plan.to_json() for plan in chosen], indent=1))
        else:
            for plan in chosen:
                playing.print_plan(plan)
        return 0
    terminal = Terminal(stderr=json_, highlight=False)
    run = store.create_run(found.name)
    suite_manifest.save(run, found, path, chosen)
    parts, errors = _play(found, chosen, run, terminal)
    verdict = suite.judge(run, parts)
    code = worst([verdict.exit_code, *(5 for _ in errors)])
    played = playing.concluded(
        playing.Played(run, code, verdict, tuple(errors)), lambda judged: _write(run, judged, parts)
    )
    tell(
        lambda: _show(run, replace(verdict, exit_code=played.exit_code), terminal, played.errors, json_=json_)
    )
    return played.exit_code


def _play(found: Suite, chosen: list[Plan], run: RunDir, terminal: Terminal) -> tuple[list[Part], list[str]]:
    parts: list[Part] = []
    errors: list[str] = []
    for scenario, plan in zip(found.scenarios, chosen, strict=True):
        try:
            with playing.signals_kept():
                played = playing.play(replace(plan, part_of=run.id), scenario.set, terminal)
        except MidnightError as error:  # refused, when something was played already: the rest cannot be
            errors.append(f"{plan.experiment.name}: {error}")
            break
        title = plan.experiment.drill.scenario if plan.experiment.drill else plan.experiment.title
        parts.append(Part(title, played.run, played.exit_code, played.verdict))
        suite_manifest.save_part(run, parts[-1])
        errors += played.errors
        if played.exit_code in ENDS_IT:
            break
    return parts, errors


def _write(run: RunDir, verdict: Verdict, parts: list[Part]) -> None:
    from chaos.reports.drill_page import write_suite_report  # brings matplotlib, which nobody else waits for

    write_verdict(run, verdict)
    write_suite_report(run, verdict, parts, playing.history(verdict))


def _show(run: RunDir, verdict: Verdict, terminal: Terminal, errors: Sequence[str], *, json_: bool) -> None:
    for error in errors:
        terminal.print(f"midnight: {error}", style="bold red", markup=False)
    if json_:
        print(as_text(verdict))
    terminal.print(verdict.headline, markup=False, soft_wrap=True)
    if run.report.exists():
        terminal.print(f"report: {run.report}", markup=False, soft_wrap=True)
