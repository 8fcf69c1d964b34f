"""Playing one plan: watched, judged, reported, remembered; for every command that plays."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from rich.console import Console as Terminal

from chaos.checks.verdict import Verdict
from chaos.console import Console
from chaos.errors import UsageError
from chaos.history.drills import Earlier, earlier_drills
from chaos.plan.planned import Plan
from chaos.record.store import RunDir, why_not_written
from chaos.reports.verdict_json import write_verdict
from chaos.run import signals, starting


@dataclass(frozen=True, slots=True)
class Played:
    """A run that has ended. `verdict` is None when not even judging was possible."""

    run: RunDir
    exit_code: int
    verdict: Verdict | None
    errors: tuple[str, ...]


def play(plan: Plan, overrides: tuple[str, ...], terminal: Terminal) -> Played:
    """Play, judge, write verdict and report, remember. What cannot be written, or remembered, is said; neither
    changes the verdict."""
    consoles: list[Console] = []

    def watch(run_dir: RunDir) -> Console:
        consoles.append(Console(run_dir, plan.experiment, plan.lines(), terminal=terminal))
        consoles[0].start()
        return consoles[0]

    try:
        run_dir, ending = starting.start(plan, overrides, watch)
    finally:
        for console in consoles:
            console.stop()
    drill = plan.experiment.drill is not None
    return concluded(
        Played(run_dir, ending.exit_code, ending.verdict, ending.errors),
        lambda verdict: write(run_dir, verdict, drill=drill),
    )


def concluded(played: Played, write_it: Callable[[Verdict], None]) -> Played:
    """With its verdict and report written and remembered; what goes wrong with that is among the errors."""
    code, errors, verdict = played.exit_code, list(played.errors), played.verdict
    if verdict is not None:
        verdict = replace(verdict, exit_code=code)
        try:
            write_it(verdict)
        except OSError as error:
            errors.append(f"the report could not be written: {why_not_written(error, played.run.path)}")
        except Exception as error:  # whatever a report dies of, the verdict is still told
            errors.append(f"the report could not be written: {type(error).__name__}: {error}")
    errors += _remember()
    return Played(played.run, code, verdict, tuple(errors))


@contextmanager
def signals_kept() -> Iterator[None]:
    """A run ends with signals ignored; between two runs they must work again."""
    before = {number: signal.getsignal(number) for number in signals.signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def write(run_dir: RunDir, verdict: Verdict, *, drill: bool) -> None:
    """Verdict and report of one run; of a drill with the drills before it."""
    from chaos.reports.html import write_report  # brings matplotlib, which no other command waits for

    write_verdict(run_dir, verdict)
    write_report(run_dir, verdict, history(verdict) if drill else ())


def history(verdict: Verdict) -> tuple[Earlier, ...]:
    """The drills before this one; none where memory cannot tell."""
    try:
        return earlier_drills(verdict.experiment, verdict.target, verdict.profile, verdict.run)
    except UsageError:
        return ()


def _remember() -> list[str]:
    from chaos.history import remember  # brings SQLAlchemy, which a run must not wait for before it begins

    return remember()


def print_plan(plan: Plan) -> None:
    print(
        f"{plan.experiment.name} against {plan.target.name}, profile {plan.profile or 'none'}, seed {plan.seed}"
    )
    for line in plan.lines():
        print(f"  {line}")
