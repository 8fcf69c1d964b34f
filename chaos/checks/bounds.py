"""How far the instrument may be off before it is in doubt: as far as the experiment says, but at most a quarter of the
shortest time judged. A pause of 40 ms must not fail a target that has 30 ms to answer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chaos.spec.experiment import Experiment, Instrument
from chaos.spec.slo import Slo
from chaos.spec.units import show_seconds

FRACTION = 0.25

SHORTEST_BEAT, LONGEST_BEAT = 0.002, 0.05  # seconds


@dataclass(frozen=True, slots=True)
class Bound:
    """`lag` in seconds; the wait for a CPU in a window as a `share` of it and in seconds (`wait`). Gaps of up to
    `slack` seconds in the record are ignored."""

    lag: float
    share: float
    wait: float
    slack: float

    def exceeded(self, window: Mapping[str, float]) -> bool:
        """Return whether a window of the instrument's record is in doubt. An unknown wait is not judged."""
        length, waited = window["end"] - window["start"], window.get("run_delay") or 0.0
        return window["lag"] > self.lag or waited > min(self.share * length, self.wait)


def threshold_of(slo: Slo) -> float | None:
    """Return the seconds that decide whether a hit meets the objective, besides its timeout."""
    return None if slo.latency is None else slo.latency.below


def tightest(experiment: Experiment) -> Slo | None:
    """Return the objective with the shortest threshold; None if none has one."""
    timed = [slo for slo in experiment.slos if threshold_of(slo) is not None]
    return min(timed, key=lambda slo: threshold_of(slo) or 0.0, default=None)


def bound(experiment: Experiment, threshold: float | None = None) -> Bound:
    """Bound for hits judged by their timeout, and by the threshold (seconds) if there is one."""
    timeout = experiment.load.timeout
    most = FRACTION * (timeout if threshold is None else min(timeout, threshold))
    return within(experiment.instrument, most)


def within(instrument: Instrument, most: float = math.inf) -> Bound:
    """Bound from the experiment, at `most` this many seconds."""
    return Bound(min(instrument.lag, most), instrument.run_delay, most, instrument.window / 2)


def strictest(experiment: Experiment) -> Bound:
    """Return the bound of the objective with the shortest threshold."""
    slo = tightest(experiment)
    return bound(experiment, None if slo is None else threshold_of(slo))


def beat(experiment: Experiment) -> float:
    """Seconds between the instrument's records of itself: a pause of twice the allowed length is always seen."""
    return min(LONGEST_BEAT, max(SHORTEST_BEAT, bound(experiment, _shortest(experiment)[0]).lag / 2))


def _shortest(experiment: Experiment) -> tuple[float, str]:
    """Return the shortest time required by an objective, the baseline or the timeout, in seconds, and its source."""
    asked = [(experiment.load.timeout, "the timeout"), (experiment.load.baseline.p99, "the baseline's p99")]
    asked += [(slo.latency.below, slo.name) for slo in experiment.slos if slo.latency is not None]
    return min(asked)


@dataclass(frozen=True, slots=True)
class Account:
    """The instrument's accuracy over a span, against the bound set by the shortest required time."""

    windows: int
    in_doubt: int
    worst_lag: float | None  # seconds
    usual_lag: float | None  # median of the windows
    lag_allowed: float
    objective: str  # source of the bound, such as `the 30 ms of p99`

    @property
    def unfit(self) -> bool:
        """True if it was beyond the bound most of the time: hardly any hit could be judged."""
        return self.in_doubt > self.windows / 2

    @property
    def said(self) -> str:
        """One clause, empty if nothing was in doubt."""
        if not self.in_doubt or self.worst_lag is None or self.usual_lag is None:
            return ""
        worst, usual = show_seconds(self.worst_lag), show_seconds(self.usual_lag)
        return (
            f"midnight itself sent up to {worst} late (usually {usual}) or waited for a CPU: {self.in_doubt} of "
            f"{self.windows} windows exceed the lag of {show_seconds(self.lag_allowed)} that {self.objective} allow"
        )


def account(
    experiment: Experiment, record: Iterable[Mapping[str, float]], start: float, end: float
) -> Account:
    """Summarize the instrument's record within [start, end) on the run clock."""
    threshold, whose = _shortest(experiment)
    held_to = bound(experiment, threshold)
    windows = [window for window in record if window["end"] > start and window["start"] < end]
    lags = sorted(window["lag"] for window in windows)
    return Account(
        windows=len(windows),
        in_doubt=sum(held_to.exceeded(window) for window in windows),
        worst_lag=lags[-1] if lags else None,
        usual_lag=lags[len(lags) // 2] if lags else None,
        lag_allowed=held_to.lag,
        objective=f"the {show_seconds(threshold)} of {whose}",
    )
