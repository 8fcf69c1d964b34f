"""Honesty: how far the instrument itself can be believed. The other checks judge within its bounds."""

from __future__ import annotations

from chaos.checks.finding import Finding, Outcome
from chaos.checks.observation import observe, windows
from chaos.checks.words import percent, seconds
from chaos.experiment import Experiment
from chaos.journal import Journal


def check(experiment: Experiment, journal: Journal) -> list[Finding]:
    """Unknown without a record of the instrument; else its figures, neutral towards the verdict."""
    seen = windows(experiment.honesty, journal)
    lag, bound = [float(line["lag"]) for line in journal.instrument], experiment.honesty.lag
    if not lag:
        because = "the load process left no record of its own lag"
        return [Finding("honesty", "instrument", Outcome.UNKNOWN, None, bound, "s", because)]
    observation = observe(experiment, journal)
    total = 0 if observation is None else len(observation)
    unsure = 0 if observation is None else int(observation.indeterminate.sum())
    delays = [line["run_delay"] for line in journal.instrument if line.get("run_delay") is not None]
    doubted = int(seen.doubted.sum())
    because = (
        f"worst lag {seconds(max(lag))}{_waited(delays)}{_priority(journal)}; "
        f"{doubted} of {len(seen.doubted)} windows in doubt; "
        f"{unsure} of {total} hits ({percent(unsure / total if total else 0.0)}) indeterminate"
    )
    evidence = {
        "windows": len(seen.doubted),
        "windows_in_doubt": doubted,
        "worst_lag": max(lag),
        "worst_run_delay": max(delays) if delays else None,
        "run_delay_known": len(delays) == len(lag),
        "hits": total,
        "indeterminate": unsure,
        "bounds": {"lag": bound, "run_delay": experiment.honesty.run_delay},
    }
    return [Finding("honesty", "instrument", Outcome.PASS, max(lag), bound, "s", because, evidence)]


def _waited(delays: list[float]) -> str:
    return f", worst wait for a processor {seconds(max(delays))} a window" if delays else ""


def _priority(journal: Journal) -> str:
    ready = journal.last("load", "load", "ready")
    priority = None if ready is None else ready.detail.get("priority")
    return f", priority {priority}" if priority else ""
