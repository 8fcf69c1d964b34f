"""Playing one plan: watched, judged, reported, remembered; for every kind of play."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rich.console import Console as Terminal

from chaos.checks.result import RunResult
from chaos.checks.verdict import Verdict
from chaos.console import Console
from chaos.errors import UsageError
from chaos.history.drills import Earlier, earlier_drills
from chaos.plan.planned import Plan
from chaos.record.store import RunDir, why_not_written
from chaos.reports.verdict_json import write_verdict
from chaos.run import starting


def play(plan: Plan, overrides: tuple[str, ...], terminal: Terminal) -> RunResult:
    """Play, judge, write verdict and report, remember. What cannot be written, or remembered, is said; neither
    changes the verdict."""
    consoles: list[Console] = []

    def watch(run_dir: RunDir) -> Console:
        consoles.append(Console(run_dir, plan.experiment, plan.lines(), terminal=terminal))
        consoles[0].start()
        return consoles[0]

    try:
        result = starting.start(plan, overrides, watch)
    finally:
        for console in consoles:
            console.stop()
    drill = plan.experiment.drill is not None
    return concluded(result, lambda verdict: write(result.run, verdict, drill=drill))


def concluded(result: RunResult, write_it: Callable[[Verdict], None]) -> RunResult:
    """With its verdict and report written and remembered; what goes wrong with that is among the errors."""
    errors, verdict = list(result.errors), result.verdict
    if verdict is not None:
        verdict = replace(verdict, exit_code=result.exit_code)
        try:
            write_it(verdict)
        except OSError as error:
            errors.append(f"the report could not be written: {why_not_written(error, result.run.path)}")
        except Exception as error:  # whatever a report dies of, the verdict is still told
            errors.append(f"the report could not be written: {type(error).__name__}: {error}")
    errors += _remember()
    return replace(result, verdict=verdict, errors=tuple(errors))


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
