"""Play one plan of any kind: watch, judge, report, index."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from rich.console import Console as Terminal

from chaos.checks.result import RunResult
from chaos.checks.verdict import Verdict
from chaos.console.shown import Console
from chaos.errors import UsageError
from chaos.history.drills import Earlier, earlier_drills
from chaos.plan.planned import Plan
from chaos.record.store import RunDir, why_not_written
from chaos.reports.verdict_json import write_verdict
from chaos.run import starting


def play(plan: Plan, overrides: tuple[str, ...], terminal: Terminal) -> RunResult:
    """Play, judge, write verdict and report, index the run. Failures to write or index are reported; they do not
    change the verdict."""
    consoles: list[Console] = []

    def watch(run_dir: RunDir) -> Console:
        consoles.append(Console(run_dir, plan.experiment, plan.lines(), terminal=terminal))
        consoles[0].start()
        return consoles[0]

    try:
        result = starting.start(plan, overrides, watch, _import_what_is_needed_next)
    finally:
        for console in consoles:
            console.stop()
    drill = plan.experiment.drill is not None
    return concluded(result, lambda verdict: write(result.run, verdict, drill=drill))


def _import_what_is_needed_next() -> None:
    """Import what `write` and `_remember` need, half a second, while the run would only wait."""
    with suppress(ImportError):  # reported where it is needed
        import chaos.history.index
        import chaos.reports.html  # noqa: F401 (only loaded)


def concluded(result: RunResult, write_it: Callable[[Verdict], None]) -> RunResult:
    """Write verdict and report, and index the run. Failures are added to the result's errors."""
    errors, verdict = list(result.errors), result.verdict
    if verdict is not None:
        verdict = replace(verdict, exit_code=result.exit_code)
        try:
            write_it(verdict)
        except OSError as error:
            errors.append(f"could not write the report: {why_not_written(error, result.run.path)}")
        except Exception as error:  # a bug in a report must not lose the verdict
            errors.append(f"could not write the report: {type(error).__name__}: {error}")
    errors += _remember()
    return replace(result, verdict=verdict, errors=tuple(errors))


def write(run_dir: RunDir, verdict: Verdict, *, drill: bool) -> None:
    """Write verdict and report of one run; for a drill, including earlier drills."""
    from chaos.reports.html import write_report  # imports matplotlib: slow

    write_verdict(run_dir, verdict)
    write_report(run_dir, verdict, history(verdict) if drill else ())


def history(verdict: Verdict) -> tuple[Earlier, ...]:
    """Return the drills before this one; empty if the history cannot be queried."""
    try:
        return earlier_drills(verdict.experiment, verdict.target, verdict.profile, verdict.run)
    except UsageError:
        return ()


def _remember() -> list[str]:
    # imports SQLAlchemy: slow, and must not delay the start of a run
    from chaos.history.index import remember

    return remember()
