"""`midnight run NAME` of an experiment with `restore:`: plan, restore, judge, report."""

from __future__ import annotations

import json
from contextlib import suppress

from rich.console import Console as Terminal
from rich.text import Text

from chaos.backup_check import runner
from chaos.checks.verdict import Verdict
from chaos.cli import playing
from chaos.cli.output import tell
from chaos.console.words import sentence
from chaos.errors import UndoError, UsageError
from chaos.plan.restore import RestorePlan, build
from chaos.record.journal import Event
from chaos.record.store import RunDir
from chaos.reports.terminal import print_verdict
from chaos.spec import yamlfile
from chaos.spec.restore_experiment import is_restore


def is_one(name: str) -> bool:
    """Whether the experiment is of this kind. Raises UsageError where there is none of that name."""
    return is_restore(yamlfile.read_mapping(yamlfile.search(name, "experiments")))


def run(name: str, target: str, *, dry_run: bool, json_: bool) -> int:
    """Restore a backup and judge it; the exit code."""
    plan = build(name, target)
    terminal = Terminal(stderr=json_, highlight=False)
    if dry_run:
        if json_:
            print(json.dumps(plan.to_json(), indent=1))
            return 0
        print(f"{plan.experiment.name} of {plan.target.name}", *plan.lines(), sep="\n  ")
        return 0
    run_dir, ending = runner.start(plan, lambda run: _teller(run, plan, terminal))
    played = playing.concluded(
        playing.Played(run_dir, ending.exit_code, ending.verdict, ending.errors),
        lambda verdict: playing.write(run_dir, verdict, drill=False),
    )
    tell(lambda: _show(run_dir, played.verdict, list(played.errors), terminal, json_))
    return played.exit_code


def refuse(profile: str | None, overrides: tuple[str, ...]) -> None:
    """Raises UsageError for what a restore has not."""
    if profile is not None or overrides:
        raise UsageError("a restore has no profile and no steps: --profile and --set do not apply to it")


def _teller(run: RunDir, plan: RestorePlan, terminal: Terminal) -> runner.Listener:
    def say(text: str) -> None:
        # Whoever read our output may have gone: rich ends the process then, and the restore must go on.
        with suppress(Exception, SystemExit):
            terminal.print(Text(text), soft_wrap=True, highlight=False)

    def on_event(event: Event) -> None:
        took = f" in {event.detail['seconds']:.2f} s" if "seconds" in event.detail else ""
        say(f"{event.at:7.1f}s  {sentence(event)}{took}")

    for line in (plan.experiment.title, f"run {run.id}", *plan.lines()):
        say(line)
    return on_event


def _show(
    run_dir: RunDir, verdict: Verdict | None, errors: list[str], terminal: Terminal, json_: bool
) -> None:
    for error in errors:
        terminal.print(f"midnight: {error}", style="bold red", markup=False)
    if verdict is None:
        return
    if json_:
        print(json.dumps(verdict.to_json(), indent=1))
    print_verdict(run_dir, verdict, terminal)
    again = "undo" if verdict.exit_code == UndoError.exit_code else "report"
    terminal.print(f"next: midnight {again} {run_dir.id}", markup=False, soft_wrap=True)
