"""The instrument: how far the load generator itself can be trusted. The other checks judge within its bounds."""

from __future__ import annotations

from chaos.checks.bounds import strictest, threshold_of, tightest
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.observation import Observation, windows
from chaos.checks.text import percent
from chaos.record.events import LoadReady
from chaos.record.journal import Journal
from chaos.spec.experiment import Experiment
from chaos.spec.slo import Slo
from chaos.spec.units import show_seconds

NAME = "instrument"


def check(judged: Judged) -> list[Finding]:
    """Unknown without a record of the instrument; else its figures against the bound of the objective with the shortest
    threshold, neutral for the verdict."""
    experiment, journal = judged.experiment, judged.journal
    slo, held_to = tightest(experiment), strictest(experiment)
    seen = windows(held_to, journal)
    lag = [float(line["lag"]) for line in journal.instrument]
    if not lag:
        because = "the load process left no record of its own lag"
        return [Finding("lag", Outcome.UNKNOWN, None, held_to.lag, "s", because)]
    observation = judged.held_to(None if slo is None else threshold_of(slo))
    total, unsure = _hits(observation)
    delays = [line["run_delay"] for line in journal.instrument if line.get("run_delay") is not None]
    doubted = int(seen.doubted.sum())
    because = (
        f"worst lag {show_seconds(max(lag))}{_waited(delays)}{_priority(journal)}; "
        f"{doubted} of {len(seen.doubted)} windows in doubt{_followed(experiment, slo, held_to.lag)}; "
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
        "bounds": {"lag": held_to.lag, "run_delay": held_to.share, "run_delay_seconds": held_to.wait},
    }
    return [Finding("lag", Outcome.PASS, max(lag), held_to.lag, "s", because, evidence)]


def _hits(observation: Observation | None) -> tuple[int, int]:
    """Return the number of hits, and of indeterminate ones."""
    return (0, 0) if observation is None else (len(observation), int(observation.indeterminate.sum()))


def _followed(experiment: Experiment, slo: Slo | None, lag: float) -> str:
    """Return which objective requires more than the experiment's own bound."""
    if lag >= experiment.instrument.lag:
        return ""
    what = (
        "the timeout"
        if slo is None or slo.latency is None
        else f"{show_seconds(slo.latency.below)} of {slo.name}"
    )
    return f" (held to {show_seconds(lag)}, a quarter of {what})"


def _waited(delays: list[float]) -> str:
    return f", longest wait for a CPU {show_seconds(max(delays))} in a window" if delays else ""


def _priority(journal: Journal) -> str:
    ready = journal.latest(LoadReady)
    return f", priority {ready.priority}" if ready and ready.priority else ""
