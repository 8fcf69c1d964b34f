"""Planted answers of a Prometheus: a share that is reached, missed, open, or of nothing; in all or in slices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaos.checks.finding import Finding
from chaos.checks.rejudge import judge_run
from chaos.checks.slo import query
from chaos.record.journal import Event
from tests.checks.synthetic import LENGTH, PLAY, Night

STEP = 10.0  # seconds between two scrapes: 7 in the play
GOOD: dict[str, Any] = {"share": "90%", "good": 'served{code="200"}', "total": "sum(served)"}
VALUES: dict[str, Any] = {"share": "80%", "values": "queue", "op": "lte", "bound": 5}
ASKED = {"sum(served)": "served"}

Series = list[float | None]


def sampled(promql: str, *series: Series, name: str = "x", because: str = "") -> Event:
    detail = {"promql": promql, "asked": ASKED.get(promql, promql), "start": PLAY, "because": because}
    shape = {"step": STEP, "count": 7, "series": list(series)}
    return Event(PLAY + LENGTH + 5, "query", name, "sampled", {**detail, **shape})


def judged(path: Path, objective: dict[str, Any], *events: Event, **more: Any) -> Finding:
    slo = {"name": "x", "prometheus": objective, **more}
    night = Night(changed={"slos": [slo]}, steps=list(events))
    (found,) = night.findings(path / str(len(list(path.iterdir()))), query.check).values()
    return found


def good(*values: float | None) -> Event:
    return sampled(GOOD["good"], list(values))


TOTAL = sampled("sum(served)", [0, 100, 200, 300, 400, 500, 600])


def test_a_share_that_is_reached_passes_and_says_what_it_takes_of_the_budget(tmp_path: Path) -> None:
    found = judged(tmp_path, GOOD, good(0, 100, 200, 300, 400, 500, 594), TOTAL)
    assert (found.outcome, found.measured, found.allowed) == ("pass", 0.99, 0.9)
    assert found.because == "share of good events 99 % ≥ 90 % (594 of 600 events)"
    assert found.evidence["budget_consumed"] == pytest.approx(0.01 * LENGTH / (0.1 * 30 * 86400))


def test_one_that_is_missed_fails(tmp_path: Path) -> None:
    found = judged(tmp_path, GOOD, good(0, 100, 100, 100, 100, 200, 300), TOTAL)
    assert found.outcome == "fail"
    assert found.because == "share of good events 50 % < 90 % (300 of 600 events)"


def test_bad_ones_are_the_rest(tmp_path: Path) -> None:
    bad = {"share": "90%", "bad": "errors", "total": "sum(served)"}
    found = judged(tmp_path, bad, sampled("errors", [0, 0, 0, 30, 30, 30, 30]), TOTAL)
    assert found.because == "share of good events 95 % ≥ 90 % (570 of 600 events)"


def test_a_counter_that_is_reset_is_counted_on(tmp_path: Path) -> None:
    total = sampled("sum(served)", [500, 600, 700, 100, 200, 300, 400])
    found = judged(tmp_path, GOOD, good(500, 600, 700, 80, 180, 280, 380), total)
    assert found.because == "share of good events 96.666 % ≥ 90 % (580 of 600 events)"


def test_one_that_appears_is_judged_both_ways(tmp_path: Path) -> None:
    late = [None, None, None, 80.0, 180.0, 280.0, 300.0]
    found = judged(tmp_path, GOOD, sampled(GOOD["good"], late), TOTAL)
    assert found.outcome == "fail" and found.measured == 0.5
    late = [None, None, None, 350.0, 450.0, 550.0, 600.0]
    found = judged(tmp_path, GOOD, sampled(GOOD["good"], late), TOTAL)
    assert found.outcome == "unknown" and found.measured is None
    assert found.because == (
        "share of good events lies between 41.666 % and 100 %, but must be at least 90 %: "
        "a counter appeared or disappeared in the play, and may have counted more"
    )


@pytest.mark.parametrize(
    ("events", "because"),
    [
        ([], "`good` was not queried after the play"),
        ([good(0, 1, 2, 3, 4, 5, 6)], "`total` was not queried after the play"),
        ([sampled(GOOD["good"]), TOTAL], "`good` has no data in the play"),
        ([sampled(GOOD["good"], because="http://x: ConnectError: refused"), TOTAL], "`good`: http://x: ConnectError"),
        ([good(0, 0, 0, 0, 0, 0, 0), sampled("sum(served)", [5] * 7)], "nothing was counted in the play"),
        ([good(0, 200, 400, 600, 800, 900, 1000), TOTAL], "which must include it"),
        ([good(0, 1, 2, 3, 4, 5, 1.7e308), TOTAL], "`good` has an infinite value"),
    ],
)  # fmt: skip
def test_what_proves_nothing_is_unknown_and_says_why(
    events: list[Event], because: str, tmp_path: Path
) -> None:
    found = judged(tmp_path, GOOD, *events)
    assert found.outcome == "unknown" and because in found.because, found


def test_no_bad_events_at_all_are_no_data_and_the_way_out_is_said(tmp_path: Path) -> None:
    bad = {"share": "90%", "bad": "errors", "total": "sum(served)"}
    found = judged(tmp_path, bad, sampled("errors"), TOTAL)
    assert found.because == "`bad` has no data in the play; if that means none, add `or vector(0)`"


def test_the_share_of_instants_within_a_bound_counts_every_series(tmp_path: Path) -> None:
    found = judged(tmp_path, VALUES, sampled("queue", [1, 2, 5, 4, 3, 2, 1], [0, 0, 0, 9, 0, 0, 0]))
    assert found.because == "share of instants ≤ 5 85.714 % ≥ 80 % (6 of 7 instants)"
    found = judged(tmp_path, {**VALUES, "op": "lt"}, sampled("queue", [1, 2, 5, 4, 3, 2, 6]))
    assert found.because == "share of instants < 5 71.428 % < 80 % (5 of 7 instants)"


def test_instants_without_data_may_have_been_either(tmp_path: Path) -> None:
    found = judged(tmp_path, VALUES, sampled("queue", [1, 2, 3, None, None, 2, 1]))
    assert found.outcome == "unknown" and found.because.endswith("2 instants of 7 without data")
    found = judged(tmp_path, {**VALUES, "share": "70%"}, sampled("queue", [1, 2, 3, None, None, 2, 1]))
    assert found.outcome == "pass"
    found = judged(tmp_path, VALUES, sampled("queue", [9, 9, 3, None, None, 2, 1]))
    assert found.outcome == "fail"


def test_a_precomputed_ratio_is_averaged(tmp_path: Path) -> None:
    for key, values in (
        ("success", [1.0, 1, 0.5, 0.5, 1, 1, 0.6]),
        ("failure", [0.0, 0, 0.5, 0.5, 0, 0, 0.4]),
    ):
        found = judged(tmp_path, {"share": "80%", key: "ratio"}, sampled("ratio", list(values)))
        assert found.because == "mean ratio of successes 80 % ≥ 80 %", key
    found = judged(tmp_path, {"share": "80%", "success": "ratio"}, sampled("ratio", [99.5] * 7))
    assert (found.outcome, found.because) == ("unknown", "a ratio lies between 0 and 1, but one is 99.5")
    found = judged(tmp_path, {"share": "80%", "success": "ratio"}, sampled("ratio", [1] * 7, [1] * 7))
    assert found.because == "2 series of ratios where one is needed: aggregate them"


SLICES = {"window": "20s", "target": "95%"}


def test_slices_of_the_play_must_reach_their_own_target(tmp_path: Path) -> None:
    events = good(0, 100, 200, 300, 350, 450, 550), TOTAL
    found = judged(tmp_path, {**GOOD, "share": "60%"}, *events, timeslices=SLICES)
    assert found.outcome == "pass"
    assert found.because == "share of good slices 66.666 % ≥ 60 % (2 of 3 slices of 20 s reach 95 %)"
    assert judged(tmp_path, GOOD, *events, timeslices=SLICES).outcome == "fail"


def test_slices_shorter_than_a_scrape_interval_are_unknown(tmp_path: Path) -> None:
    short = {"window": "5s", "target": "95%"}
    found = judged(tmp_path, VALUES, sampled("queue", [1] * 7), timeslices=short)
    assert found.because == "a slice of 5 s is shorter than a scrape interval, 10 s"


FILE = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: other}
spec:
  indicator:
    spec: {thresholdMetric: {metricSource: {type: Prometheus, spec: {query: QUERY}}}}
  budgetingMethod: Occurrences
  objectives: [{op: lte, value: 3, target: 0.8}]
"""


@pytest.mark.parametrize(
    ("promql", "because"),
    [
        ("queue", "share of instants ≤ 3 71.428 % < 80 % (5 of 7 instants)"),
        ("other", "`values` was not queried after the play"),
        ("sum(served)", "`values` was not queried after the play"),  # but each counter, which is not its sum
    ],
)
def test_a_stored_run_is_judged_again_by_what_was_asked(promql: str, because: str, tmp_path: Path) -> None:
    slo = {"name": "x", "prometheus": VALUES}
    events = [sampled("queue", [1, 2, 3, 4, 5, 2, 1]), TOTAL]
    run = Night(changed={"slos": [slo]}, steps=events).write(tmp_path / "run")[1].run
    (tmp_path / "slo.yaml").write_text(FILE.replace("QUERY", promql))
    (found,) = [each for each in judge_run(run, tmp_path / "slo.yaml").findings if each.check == query.NAME]
    assert (found.name, found.because) == ("other", because)
