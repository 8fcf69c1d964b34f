"""An SLO that cannot be judged, or that nothing could break, is refused where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.errors import FileError
from tests.openslo_documents import slos

BAD = {
    "an availability that nothing misses": ("availability: 0%", "availability: must be greater than 0%"),
    "a share that nothing misses": (
        "latency: {share: 0%, below: 1s}",
        "share: must be greater than 0%",
    ),
    "slices that nothing misses": (
        "availability: 99%, timeslices: {window: 5s, target: 0%}",
        "target: must be greater than 0%",
    ),
    "an unknown route": ("availability: 99%, route: raed", "route: 'raed' is not a route of the mix"),
    "an unknown step": (
        "availability: 99%, step: dorp",
        "step: 'dorp' is not a step of this experiment",
    ),
    "a window longer than the play": (
        "availability: 99%, window: 2m",
        "slo 'it': window: 2m is longer than the play, 1m",
    ),
    "a window longer than the hold": (
        "availability: 99%, step: drop, window: 1s",
        "window: 1 s is longer than the hold of step 'drop', 300 ms",
    ),
    "a burn rate longer than the play": (
        "availability: 99%, burn_rate: {at_most: 2, window: 1h}",
        "burn_rate: window: 1h is longer than the play, 1m",
    ),
    "a slice longer than the play": (
        "availability: 99%, timeslices: {window: 61s, target: 99%}",
        "timeslices: window: 1m 1s is longer than the play, 1m",
    ),
    "a short window that is longer": (
        "availability: 99%, burn_rate: {at_most: 2, window: 5s, short: 5s}",
        "burn_rate: short: 5 s must be shorter than the window, 5 s",
    ),
    "a burn rate of a percentile": (
        "latency: {percentile: 99, below: 1s}, burn_rate: {at_most: 2, window: 5s}",
        "burn_rate: is only for a ratio",
    ),
    "slices of a percentile": (
        "latency: {percentile: 99, below: 1s}, timeslices: {window: 5s, target: 99%}",
        "timeslices: is only for a ratio",
    ),
    "a burn rate that nothing can exceed": (
        "availability: 90%, burn_rate: {at_most: 10, window: 5s}",
        "at_most: cannot be exceeded: with this target the burn rate is 10 if every hit is bad",
    ),
    "a budget of nothing": (
        "availability: 100%, burn_rate: {at_most: 2, window: 5s}",
        "burn_rate: a target of 100 % leaves no budget to burn",
    ),
    "a window and a burn rate": (
        "availability: 99%, window: 5s, burn_rate: {at_most: 2, window: 5s}",
        "burn_rate: an SLO has only one of window and burn_rate: write two SLOs",
    ),
    "a percentile and a share": (
        "latency: {percentile: 99, share: 99%, below: 1s}",
        "latency: a latency objective has exactly one of percentile and share",
    ),
    "a route of the pool": ("pool: {in_use: 80%}, route: read", "route: is about hits"),
    "a window of no hits": ("availability: 99%, window: 5s, min_hits: 0", "min_hits"),
    "a percentile at the timeout": (
        "latency: {percentile: 99, below: 2s}",
        "slo 'it': latency: below: 2 s is not below the timeout, 2 s: anything slower is already a bad hit",
    ),
    "a share within more than the timeout": (
        "latency: {share: 99%, below: 500s}",
        "below: 500 s is not below the timeout, 2 s",
    ),
    "a burn rate of answers that are never too slow": (
        "latency: {share: 99%, below: 1m}, burn_rate: {at_most: 2, window: 5s}",
        "below: 60 s is not below the timeout, 2 s",
    ),
    "more hits than a window holds": (
        "availability: 99%, window: 5s, min_hits: 500",
        "min_hits: no 5 s of this play has 500 hits: at most 98",
    ),
    "more hits than a route has in a slice": (
        "availability: 99%, route: write, timeslices: {window: 5s, target: 99%}, min_hits: 50",
        "min_hits: no 5 s of this play has 50 hits: at most 35",
    ),
    "more hits than a step lasts for": (
        "latency: {percentile: 99, below: 1s}, step: drop, min_hits: 50",
        "min_hits: no 300 ms of this play has 50 hits",
    ),
    "more hits than the play has": (
        "availability: 99%, min_hits: 1000",
        "no 1m of this play has 1000 hits",
    ),
    "two objectives": ("availability: 99%, pool: {in_use: 80%}", "exactly one of availability"),
}


@pytest.mark.parametrize("case", BAD)
def test_an_slo_that_cannot_be_judged_is_refused_by_its_line_and_rule(case: str, tmp_path: Path) -> None:
    written, rule = BAD[case]
    with pytest.raises(FileError) as caught:
        slos(tmp_path, "{name: sound, availability: 99%}", f"{{name: it, {written}}}")
    assert (caught.value.path, caught.value.line) == (tmp_path / "experiment.yaml", 12)
    assert rule in str(caught.value)


def test_an_slo_that_can_just_be_broken_is_accepted(tmp_path: Path) -> None:
    latency = "{name: slow, latency: {percentile: 99, below: 1999ms}}"
    window = "{name: window, availability: 99%, window: 5s, min_hits: 90}"
    assert len(slos(tmp_path, latency, window)) == 2
