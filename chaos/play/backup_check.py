"""Play a backup check: an experiment with `restore:`."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.console.typed import as_typed
from chaos.errors import ExitCode, UsageError
from chaos.play.playable import Request, Summary
from chaos.spec import restore_experiment
from chaos.spec.units import show_seconds

if TYPE_CHECKING:  # slow: each method imports what it needs, and `midnight list` needs none of it
    from rich.console import Console as Terminal

    from chaos.checks.result import RunResult
    from chaos.plan.restore import RestorePlan
    from chaos.record.journal import Event
    from chaos.record.store import RunDir
    from chaos.run.rehearsal import Row
    from chaos.run.session import Listener


class BackupCheck:
    def __init__(self, path: Path) -> None:
        self._path = path

    def summary(self) -> Summary:
        found = restore_experiment.load(self._path)
        return Summary(show_seconds(found.restore.within), "restore", found.title)

    def warnings(self, target: str) -> tuple[str, ...]:
        del target  # a backup check has its own target
        restore_experiment.load(self._path)
        return ()

    def plan(self, request: Request) -> RestorePlan:
        if request.profile is not None or request.changes or request.monitoring is not None:
            raise UsageError(
                "a backup check has no profile and no steps: --profile, --set and --with do not apply"
            )
        from chaos.plan import restore

        return restore.build(str(self._path), request.target)

    def show(self, request: Request, *, as_json: bool) -> str:
        plan = self.plan(request)
        if as_json:
            return json.dumps(plan.to_json(), indent=1)
        return "\n  ".join((f"{plan.experiment.name} of {plan.target.name}", *plan.lines()))

    def rehearse(self, request: Request) -> list[Row]:
        del request
        raise UsageError("a backup check has no steps to rehearse: use --dry-run to print its plan")

    def play(self, request: Request, terminal: Terminal) -> RunResult:
        plan = self.plan(request)
        from chaos.backup_check import runner
        from chaos.play import playing

        result = runner.start(plan, lambda run: _teller(run, plan, terminal))
        again = "undo" if result.exit_code is ExitCode.NOT_UNDONE else "report"
        result = replace(result, hint=f"midnight {again} {result.run.id}")
        return playing.concluded(result, lambda verdict: playing.write(result.run, verdict, drill=False))

    def tell(self, result: RunResult, terminal: Terminal) -> None:
        from chaos.reports.terminal import print_verdict

        if result.verdict is not None:
            print_verdict(result.run, result.verdict, terminal)
            terminal.print(f"next: {as_typed(result.hint)}", markup=False, soft_wrap=True)


def _teller(run: RunDir, plan: RestorePlan, terminal: Terminal) -> Listener:
    from rich.text import Text

    from chaos.console.sentences import sentence
    from chaos.console.words import instant

    def say(text: str) -> None:
        # If the reader of our output is gone, rich exits the process; the restore must go on.
        with suppress(Exception, SystemExit):
            terminal.print(Text(text), soft_wrap=not terminal.is_terminal, highlight=False)

    def on_event(event: Event) -> None:
        took = f" in {show_seconds(event.seconds)}" if event.seconds is not None else ""
        say(f"{instant(event.at):>9}  {sentence(event)}{took}")

    for line in (plan.experiment.title, f"run {run.id}", *plan.lines()):
        say(line)
    return on_event
