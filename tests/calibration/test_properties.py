"""The checks against an obviously right oracle, on random nights of outages, losses and doubt."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.checks import loss, recovery
from chaos.checks.finding import Finding
from chaos.checks.judged import Judged
from chaos.checks.slo import availability, latency
from chaos.record.hits import Outcome
from tests.calibration import oracle
from tests.calibration.oracle import Hit, Rule, Span
from tests.checks.synthetic import LENGTH, PLAY, TIMEOUT, Night, approx, step_events

BAD = (Outcome.BAD_STATUS, Outcome.TIMEOUT, Outcome.REFUSED, Outcome.RESET, Outcome.BAD_BODY, Outcome.UNSENT)
BASELINE_WRITES = 20
END = PLAY + LENGTH

moments = st.integers(0, int(LENGTH * 4) - 1).map(lambda quarter: quarter / 4)
lengths = st.sampled_from([0.25, 1.0, 2.5, 6.0, 20.0])
stretches = st.tuples(moments, lengths).map(lambda pair: (pair[0], pair[0] + pair[1]))
ratios = st.sampled_from([50, 75, 90, 95, 99, 100])


def arrivals(seed: int, count: int) -> list[float]:
    found: list[float] = np.sort(np.random.default_rng(seed).random(count) * LENGTH).tolist()
    return found


nights = st.builds(
    Night,
    due=st.builds(arrivals, st.integers(0, 2**32), st.sampled_from([1, 2, 20, 90, 300])),
    bad=st.lists(st.builds(lambda at, how: (*at, how), stretches, st.sampled_from(BAD)), max_size=5),
    slow=st.lists(st.builds(lambda at, took: (*at, took), stretches, st.floats(0.02, 4.5)), max_size=4),
    doubted=st.lists(stretches, max_size=3),
    instrument_until=st.sampled_from([LENGTH + 10, LENGTH + 10, 40.0]),
    steps=st.builds(lambda at: step_events("drop", *at), stretches),
    sampled=st.just(False),
)


def planned(night: Night) -> list[Hit]:
    """The hits as they were planned, without a look at what was stored."""

    def doubted(at: float) -> bool:
        """Whether an instant lies in a second of the record that is to be doubted, or that it lacks."""
        second = math.floor(at)
        if second >= PLAY + night.instrument_until:
            return False
        return any(low <= second - PLAY < high for low, high in night.doubted)

    assert night.due is not None
    found = []
    for moment in night.due:
        due = PLAY + moment
        took = next((s for low, high, s in reversed(night.slow) if within(due - PLAY, low, high)), 0.01)
        how = next((o for low, high, o in reversed(night.bad) if within(due - PLAY, low, high)), Outcome.GOOD)
        unknown = due >= PLAY + night.instrument_until
        unsure = how is not Outcome.UNSENT and doubted(due + took)
        doubt = unknown or doubted(due) or unsure
        found.append(Hit(due, how is Outcome.GOOD, (due + took) - due, doubt, how is not Outcome.UNSENT))
    return found


def within(moment: float, low: float, high: float) -> bool:
    return low - 1e-9 <= moment < high - 1e-9


def findings(night: Night, check: Callable[[Judged], list[Finding]]) -> dict[str, Finding]:
    with tempfile.TemporaryDirectory() as place:
        return night.findings(Path(place), check)


def judged(hits: Sequence[Hit], holds: Callable[[Sequence[Hit]], bool]) -> str:
    return oracle.outcome(holds(oracle.at_worst(hits)), holds(oracle.at_best(hits)))


@settings(max_examples=40)
@given(nights, ratios)
def test_availability_is_that_of_the_definition(night: Night, asked: int) -> None:
    night.changed = {"slos": [{"name": "a", "availability": f"{asked}%"}]}
    found, hits = findings(night, availability.check)["a"], planned(night)
    assert found.outcome == judged(hits, lambda some: oracle.met(some, Fraction(asked, 100)))
    assert found.evidence["indeterminate"] == sum(hit.doubt for hit in hits)
    if seen := oracle.as_seen(hits):
        good = sum(hit.good for hit in seen)
        assert (found.evidence["good"], found.measured) == (good, good / len(seen))


@settings(max_examples=40)
@given(nights, st.sampled_from([50, 75, 90, 99]), st.sampled_from([0.05, 1.0, 3.0]))
def test_a_latency_is_that_of_the_definition(night: Night, percent: int, below: float) -> None:
    night.changed = {
        "slos": [
            {"name": "p", "latency": {"percentile": percent, "below": below}},
            {"name": "s", "latency": {"share": f"{percent}%", "below": below}},
        ]
    }
    found, hits = findings(night, latency.check), planned(night)
    assert found["p"].outcome == judged(hits, lambda some: oracle.percentile(some, percent) <= below)
    seen = oracle.as_seen(hits)
    assert found["p"].measured == (oracle.percentile(seen, percent) if seen else None)
    share = Fraction(percent, 100)
    assert found["s"].outcome == judged(hits, lambda some: oracle.met(oracle.within(some, below), share))
    if seen:
        assert found["s"].evidence["good"] == sum(hit.good for hit in oracle.within(seen, below))


rules = st.builds(
    lambda below, window, sustained: {"below": f"{below}%", "window": window, "sustained": sustained},
    ratios,
    st.sampled_from([0.5, 1.0, 2.0]),
    st.sampled_from([1.0, 4.0, 10.0]),
)


@settings(max_examples=60)
@given(nights, rules, st.sampled_from([1.0, 5.0, 15.0]), st.sampled_from([2.0, 10.0, 90.0]))
def test_outages_and_recovery_are_those_of_the_definition(
    night: Night, rule: dict[str, Any], limit: float, budget: float
) -> None:
    night.changed = {
        "outage": rule,
        "limits": {"recovery": limit},
        "budget": {"rto": budget},
        "slos": [],
    }
    found, hits = findings(night, recovery.check), planned(night)
    seen = oracle.as_seen(hits)
    meant = Rule(Fraction(int(rule["below"][:-1]), 100), rule["window"], rule["sustained"])
    acted = [(night.steps[0].at, night.steps[-1].at)]

    def shown(some: Sequence[Hit]) -> list[Span]:
        return oracle.proven(some, PLAY, END, meant)

    def kind(some: Sequence[Hit]) -> list[Span]:
        return oracle.kindly(shown(some), some, END, meant)

    def recovers(spans: Sequence[Span]) -> bool:
        return oracle.recovery(spans, END, acted) <= limit

    def keeps(spans: Sequence[Span]) -> bool:
        return oracle.longest(spans, END) <= budget

    worst, best = oracle.lasting(oracle.at_worst(hits), PLAY, END, meant), kind(oracle.at_best(hits))
    told, idle = found["rto"].evidence["outages"], not shown(seen)
    assert [(each["start"], each["end"]) for each in told] == shown(seen)
    assert found["recovery"].evidence["recovery"] == approx(oracle.recovery(shown(seen), END, acted))
    decided = oracle.outcome(back(worst) and recovers(worst), recovers(best))
    free = oracle.recovery([(acted[0][0], END)], END, acted)
    evident = decided != "pass" or limit < free
    assert found["recovery"].outcome == (
        "not exercised" if (idle and decided != "unknown") or not evident else decided
    )
    kept = oracle.outcome(back(worst) and keeps(worst), keeps(best))
    down = not back(worst) and kind_at_worst(hits, meant) == worst
    unbreakable = budget >= LENGTH and (kept == "pass" or (kept == "unknown" and not down))
    assert found["rto"].outcome == ("not exercised" if (idle and kept != "unknown") or unbreakable else kept)


def kind_at_worst(hits: Sequence[Hit], meant: Rule) -> list[Span]:
    """What is possible at worst, were a good end of the observation good for long enough by the ratio alone."""
    some, strict = oracle.at_worst(hits), replace(meant, min_bad=1)
    return oracle.kindly(oracle.lasting(some, PLAY, END, meant), some, END, strict)


def back(found: Sequence[Span]) -> bool:
    return all(end is not None for _, end in found)


spoilt = st.lists(st.integers(1, BASELINE_WRITES + 60), max_size=8).map(tuple)


@settings(max_examples=40)
@given(nights, spoilt, spoilt, spoilt, st.integers(0, 3), st.sampled_from([5.0, 30.0, 300.0]))
def test_losses_are_those_of_the_definition(
    night: Night,
    missing: tuple[int, ...],
    different: tuple[int, ...],
    doubled: tuple[int, ...],
    limit: int,
    budget: float,
) -> None:
    night.missing, night.different, night.doubled = missing, different, doubled
    night.changed = {"limits": {"lost_writes": limit}, "budget": {"rpo": budget}, "slos": []}
    found, acknowledged = findings(night, loss.check), acknowledgements(night)
    # what is spoilt twice over is stored as the last of missing, different and doubled has it
    gone = set(missing) - set(different) - set(doubled)
    lost = [seq for seq in acknowledged if seq in gone | (set(different) - set(doubled))]
    evidence = found["lost_writes"].evidence
    assert found["lost_writes"].measured == len(lost)
    assert found["lost_writes"].outcome == ("pass" if len(lost) <= limit else "fail")
    ages = sorted(acknowledged[seq] for seq in lost)
    assert (evidence["oldest_lost"], evidence["newest_lost"]) == (
        (ages[0], ages[-1]) if ages else (None, None)
    )
    meant = Rule(Fraction(99, 100), 1.0, 10.0)
    out = oracle.proven(oracle.as_seen(planned(night)), PLAY, END, meant)
    instant = out[0][0] if out else END
    oldest = min((acknowledged[seq] for seq in lost if seq in gone), default=instant)
    assert found["rpo"].measured == approx(max(0.0, instant - oldest))
    breakable = instant - min(acknowledged.values()) > budget
    kept = "pass" if max(0.0, instant - oldest) <= budget else "fail"
    assert found["rpo"].outcome == (kept if breakable else "not exercised")


def acknowledgements(night: Night) -> dict[int, float]:
    """When each acknowledged write was acknowledged, by sequence number: each fifth hit is a write."""
    baseline = [Hit(5.0 + number / 10, True, 0.01) for number in range(100)]
    writes = [hit for index, hit in enumerate([*baseline, *planned(night)]) if index % 5 == 0]
    return {seq: hit.due + hit.latency for seq, hit in enumerate(writes, start=1) if hit.good}


def test_the_nights_are_not_all_alike() -> None:
    """A strategy that planned nothing would agree with anything."""
    assert TIMEOUT > 4.5, "else a slow good hit would be a contradiction"
    kinds = set()

    @settings(max_examples=100, database=None, derandomize=True)
    @given(nights)
    def look(night: Night) -> None:
        hits = planned(night)
        found = oracle.outages(hits, PLAY, END, Rule(Fraction(99, 100), 1.0, 4.0))
        kinds.add(judged(hits, lambda some: oracle.met(some, Fraction(9, 10))))
        kinds.update("back" if end is not None else "not back" for _, end in found)

    look()
    assert kinds == {"pass", "fail", "unknown", "back", "not back"}
