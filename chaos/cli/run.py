"""`midnight run NAME`: plan, play, judge, report."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Annotated

import typer
from rich.console import Console as Terminal

from chaos import plan as plans
from chaos import runner
from chaos.checks.verdict import Verdict
from chaos.cli import restore_mine
from chaos.cli.output import tell
from chaos.console import Console
from chaos.errors import RestoreError, worst
from chaos.reports.terminal import print_verdict
from chaos.reports.verdict_json import write_verdict
from chaos.store import RunDir

Name = Annotated[str, typer.Argument(help="An experiment's name (`midnight list`) or a path to its file.")]
Target = Annotated[str, typer.Option(help="A target's name or a path to its file.")]
Profile = Annotated[str | None, typer.Option(help="The target's profile; its first one if not given.")]
Seed = Annotated[int, typer.Option(min=0, help="Decides every arrival of the load.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="STEP.PARAM=VALUE", help="Change a step.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan with its times; touch nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print verdict.json (or the plan) for a machine.")]


def run(
    name: Name,
    target: Target = "embedded",
    profile: Profile = None,
    seed: Seed = 1,
    set_: Set = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> int:
    """Play an experiment against a target and judge it.

    Ends with 0 pass, 1 violated, 2 usage, 3 unknown, 4 aborted, 5 midnight failed, 6 not restored.
    """
    overrides = tuple(set_ or ())
    if restore_mine.is_one(name):
        restore_mine.refuse(profile, overrides)
        return restore_mine.run(name, target, dry_run=dry_run, json_=json_)
    plan = plans.build(name, target, profile, seed, overrides)
    terminal = Terminal(stderr=json_, highlight=False)
    if dry_run:
        _print_plan(plan, json_)
        return 0
    played = play(plan, overrides, terminal)
    tell(lambda: _show(plan, played, terminal, json_))
    return played.exit_code


@dataclass(frozen=True, slots=True)
class Played:
    """A run that has ended. `verdict` is None when not even judging was possible."""

    run: RunDir
    exit_code: int
    verdict: Verdict | None
    errors: tuple[str, ...]


def play(plan: plans.Plan, overrides: tuple[str, ...], terminal: Terminal) -> Played:
    """Play, judge, write verdict and report, remember. What fails to be written is a failure of the tool, and
    what memory cannot take is said; neither changes the verdict."""
    consoles: list[Console] = []

    def watch(run_dir: RunDir) -> Console:
        consoles.append(Console(run_dir, plan.experiment, plan.lines(), terminal=terminal))
        consoles[0].start()
        return consoles[0]

    try:
        run_dir, ending = runner.start(plan, overrides, watch)
    finally:
        for console in consoles:
            console.stop()
    code, errors, verdict = ending.exit_code, list(ending.errors), ending.verdict
    if verdict is not None:
        verdict = replace(verdict, exit_code=code)
        try:
            _write(run_dir, verdict)
        except Exception as error:  # whatever a report dies of, the verdict is still told
            errors.append(f"the report could not be written: {error}")
            code = worst([code, 5])
    errors += _remember()
    return Played(run_dir, code, verdict, tuple(errors))


def _print_plan(plan: plans.Plan, json_: bool) -> None:
    if json_:
        print(json.dumps([planned.to_json() for planned in plan.steps], indent=1))
        return
    print(
        f"{plan.experiment.name} against {plan.target.name}, profile {plan.profile or 'none'}, seed {plan.seed}"
    )
    for line in plan.lines():
        print(f"  {line}")


def _show(plan: plans.Plan, played: Played, terminal: Terminal, json_: bool) -> None:
    for error in played.errors:
        terminal.print(f"midnight: {error}", style="bold red", markup=False)
    if played.verdict is None:
        return
    if json_ and played.run.verdict.exists():
        print(played.run.verdict.read_text())
    print_verdict(played.run, played.verdict, terminal)
    terminal.print(f"next: {_what_next(plan, played.exit_code, played.run)}", markup=False, soft_wrap=True)


def _write(run_dir: RunDir, verdict: Verdict) -> None:
    from chaos.reports.html import write_report  # brings matplotlib, which no other command waits for

    write_verdict(run_dir, verdict)
    write_report(run_dir, verdict)


def _remember() -> list[str]:
    from chaos.memory import remember  # brings SQLAlchemy, which a run must not wait for before it begins

    return remember()


def _what_next(plan: plans.Plan, code: int, run_dir: RunDir) -> str:
    """What a reader of this verdict may want to type."""
    others = [name for name in plan.target.profiles if name != plan.profile]
    if code == RestoreError.exit_code:
        return f"midnight restore {run_dir.id}"
    if code in (0, 1) and others:
        command = f"midnight run {plan.experiment.name} --profile {others[0]} --seed {plan.seed}"
        return f"the same night on another profile: {command}"
    return (
        f"midnight show {plan.experiment.name}, change a step with --set step.param=value, and run it again"
    )
