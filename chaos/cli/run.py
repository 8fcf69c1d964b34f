"""`midnight run NAME`: plan, play, judge, report."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console as Terminal

from chaos.checks import suite
from chaos.cli import restore_mine
from chaos.cli.output import Json, tell
from chaos.cli.playing import Played, play, print_plan
from chaos.cli.rehearsing import run_rehearsals
from chaos.cli.suites import run_suite
from chaos.errors import UndoError, UsageError
from chaos.plan import build as plans
from chaos.plan import suite as suite_plan
from chaos.plan.planned import Plan
from chaos.record.store import RunDir
from chaos.reports.terminal import print_verdict
from chaos.reports.verdict_json import as_text
from chaos.spec import yamlfile

Name = Annotated[str, typer.Argument(help="An experiment's name (`midnight list`) or a path to its file.")]
Target = Annotated[str, typer.Option(help="A target's name or a path to its file.")]
Profile = Annotated[str | None, typer.Option(help="The target's profile; its first one if not given.")]
Seed = Annotated[int, typer.Option(min=0, help="Decides every arrival of the load.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="STEP.PARAM=VALUE", help="Change a step.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan with its times; touch nothing.")]
Rehearse = Annotated[
    bool,
    typer.Option("--rehearse", help="Probe the target and every step; inject nothing. 2 if one would fail."),
]


def run(
    name: Name,
    target: Target = "embedded",
    profile: Profile = None,
    seed: Seed = 1,
    set_: Set = None,
    dry_run: DryRun = False,
    rehearse: Rehearse = False,
    json_: Json = False,
) -> int:
    """Play an experiment against a target and judge it.

    Ends with 0 pass, 1 violated, 2 usage, 3 unknown, 4 aborted, 5 midnight failed, 6 not undone.
    """
    overrides = tuple(set_ or ())
    if restore_mine.is_one(name):
        if rehearse:
            raise UsageError("a check of a backup has no steps to rehearse: --dry-run says what it would do")
        restore_mine.refuse(profile, overrides)
        return restore_mine.run(name, target, dry_run=dry_run, json_=json_)
    path = yamlfile.search(name, "experiments")
    if suite.is_suite(path):
        if overrides:
            raise UsageError("--set changes a step of one experiment; a suite says so itself, under `set`")
        if rehearse:
            return run_rehearsals(suite_plan.build(path, target, profile, seed), json_=json_)
        return run_suite(path, target, profile, seed, dry_run=dry_run, json_=json_)
    plan = plans.build(name, target, profile, seed, overrides)
    terminal = Terminal(stderr=json_, highlight=False)
    if dry_run:
        if json_:
            print(json.dumps(plan.to_json() | {"notes": plan.notes()}, indent=1))
        else:
            print_plan(plan)
        return 0
    if rehearse:
        return run_rehearsals([plan], json_=json_)
    played = play(plan, overrides, terminal)
    tell(lambda: _show(plan, played, terminal, json_))
    return played.exit_code


def _show(plan: Plan, played: Played, terminal: Terminal, json_: bool) -> None:
    for error in played.errors:
        terminal.print(f"midnight: {error}", style="bold red", markup=False)
    if played.verdict is None:
        return
    if json_:  # not from its file: there may have been no room for that
        print(as_text(played.verdict))
    print_verdict(played.run, played.verdict, terminal)
    terminal.print(f"next: {_what_next(plan, played.exit_code, played.run)}", markup=False, soft_wrap=True)


def _what_next(plan: Plan, code: int, run_dir: RunDir) -> str:
    """What a reader of this verdict may want to type."""
    others = [name for name in plan.target.profiles if name != plan.profile]
    if code == UndoError.exit_code:
        return f"midnight undo {run_dir.id}"
    if code in (0, 1) and others:
        command = f"midnight run {plan.experiment.name} --profile {others[0]} --seed {plan.seed}"
        return f"the same night on another profile: {command}"
    return (
        f"midnight show {plan.experiment.name}, change a step with --set step.param=value, and run it again"
    )
