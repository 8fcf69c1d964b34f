"""OpenSLO v1 is accepted wherever SLOs stand; what cannot be measured is refused by name, file, line and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos import experiment as experiments
from chaos.checks.finding import Outcome
from chaos.errors import FileError
from chaos.hits import Outcome as Hit
from chaos.judge import judge_run
from chaos.slo import LatencyObjective, Slo, Timeslices
from tests.checks.synthetic import Night

RATIO = """\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: checkout
  displayName: Checkout answers
spec:
  description: What the checkout promises
  service: shop
  indicator:
    metadata: {name: good}
    spec:
      ratioMetric:
        counter: true
        good:
          metricSource: {type: midnight, spec: {metric: good_hits, route: read}}
        total:
          metricSource: {type: midnight, spec: {metric: hits, route: read}}
  timeWindow:
    - {duration: 4w, isRolling: true}
  budgetingMethod: Occurrences
  objectives:
    - {displayName: most, targetPercent: 99}
  alertPolicies:
    - {alertPolicyRef: page}
"""

THRESHOLD = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: fast}
spec:
  indicatorRef: answers
  budgetingMethod: Occurrences
  objectives:
    - {op: lte, value: 0.5, target: 0.95}
"""

SLI = """\
apiVersion: openslo/v1
kind: SLI
metadata: {name: answers}
spec:
  thresholdMetric:
    metricSource: {metricSourceRef: load, spec: {metric: latency}}
"""

SOURCE = """\
apiVersion: openslo/v1
kind: DataSource
metadata: {name: load}
spec: {type: midnight}
"""

POLICY = """\
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: page}
spec: {alertWhenBreaching: true}
"""

EXPERIMENT = """\
name: good
title: A sound one
load:
  timeout: 2s
  mix: {read: 4, write: 1}
  baseline: {for: 2s, rate: 10}
  phases: [{name: wake, for: 60s, rate: 10}]
steps:
  - {name: drop, fault: idle_drop, at: 1s, hold: 300ms}
slos:
"""


def slos(folder: Path, *items: str) -> tuple[Slo, ...]:
    path = folder / "experiment.yaml"
    path.write_text(EXPERIMENT + "".join(item_of(item) for item in items))
    return experiments.load(path).slos


def item_of(text: str) -> str:
    first, *rest = text.splitlines()
    return "".join([f"  - {first}\n", *(f"    {line}\n" for line in rest)])


def documents(path: Path, *texts: str) -> Path:
    path.write_text("---\n".join(texts))
    return path


CHECKOUT = Slo(name="checkout", availability=0.99, route="read", period=28 * 86400.0)
FAST = Slo(name="fast", latency=LatencyObjective(share=0.95, below=0.5))


def test_an_item_of_the_list_may_be_written_as_openslo(tmp_path: Path) -> None:
    ours = "{name: ours, availability: 99%}"
    assert slos(tmp_path, RATIO, ours) == (CHECKOUT, Slo(name="ours", availability=0.99))


def test_a_file_of_several_documents_may_stand_for_an_item(tmp_path: Path) -> None:
    documents(tmp_path / "openslo.yaml", SOURCE, SLI, RATIO, POLICY, THRESHOLD)
    ours = "{name: ours, availability: 99%}"
    found = slos(tmp_path, "{file: openslo.yaml}", ours)
    assert found == (CHECKOUT, FAST, Slo(name="ours", availability=0.99))


def test_items_of_the_list_may_refer_to_each_other(tmp_path: Path) -> None:
    assert slos(tmp_path, THRESHOLD, SLI, SOURCE) == (FAST,)


def test_bad_hits_of_all_are_the_same_ratio(tmp_path: Path) -> None:
    [found] = slos(tmp_path, RATIO.replace("good:\n", "bad:\n").replace("good_hits", "bad_hits"))
    assert found == CHECKOUT


def test_several_objectives_are_numbered(tmp_path: Path) -> None:
    more = RATIO.replace("  alertPolicies", "    - {target: 0.9}\n  alertPolicies")
    assert [(each.name, each.availability) for each in slos(tmp_path, more)] == [
        ("checkout-1", 0.99),
        ("checkout-2", 0.9),
    ]


def test_less_than_leaves_out_the_threshold_itself(tmp_path: Path) -> None:
    run = Night(slow=[(0, 60, 0.5)]).write(tmp_path / "run")[1].run
    for op, outcome in (("lte", Outcome.PASS), ("lt", Outcome.FAIL)):
        document = THRESHOLD.replace("op: lte, value: 0.5", f"op: {op}, value: {HALF}")
        file = documents(tmp_path / f"{op}.yaml", SOURCE, SLI, document)
        [found] = [each for each in judge_run(run, file).findings if each.check == "latency"]
        assert found.outcome is outcome


HALF = (20.25 + 0.5) - 20.25
"""A latency that a clock of binary seconds can show."""


def test_timeslices_become_slices(tmp_path: Path) -> None:
    text = RATIO.replace("Occurrences", "Timeslices").replace(
        "targetPercent: 99", "target: 0.9, timeSliceTarget: 0.95, timeSliceWindow: 0.25"
    )
    [found] = slos(tmp_path, text)
    assert (found.availability, found.timeslices) == (0.9, Timeslices(window=15.0, target=0.95))
    [found] = slos(tmp_path, text.replace("timeSliceWindow: 0.25", "timeSliceWindow: 1m"))
    assert found.timeslices == Timeslices(window=60.0, target=0.95)


@pytest.mark.parametrize(
    ("written", "period"), [("30m", 1800.0), ("12h", 43200.0), ("1M", 30 * 86400.0), ("1Q", 90 * 86400.0)]
)
def test_a_rolling_window_is_the_period_of_the_budget(written: str, period: float, tmp_path: Path) -> None:
    [found] = slos(tmp_path, RATIO.replace("4w", written))
    assert found.period == period


def test_a_stored_run_is_judged_by_an_openslo_file(tmp_path: Path) -> None:
    run = Night(bad=[(40, 41, Hit.TIMEOUT)], slow=[(10, 14, 0.6)]).write(tmp_path / "run")[1].run
    file = documents(tmp_path / "openslo.yaml", RATIO, THRESHOLD, SLI, SOURCE)
    found = {each.name: each for each in judge_run(run, file).findings}
    assert (found["checkout"].outcome, found["checkout"].measured) == (Outcome.FAIL, 472 / 480)
    assert found["fast"].because == "share within 500 ms 91.666 % < 95 % (550 of 600 hits good within 500 ms)"


REFUSED = {
    "another source": ("type: midnight, spec: {metric: good_hits", "type: Prometheus, spec: {metric: good_hits", 15,
                       "type: cannot be asked from here", "'Prometheus'"),
    "an unknown source": ("type: midnight, spec: {metric: hits", "metricSourceRef: prom, spec: {metric: hits", 17,
                          "is no DataSource of this file; it has load", "'prom'"),
    "another metric": ("metric: good_hits", "metric: cpu", 15, "metric: ", "'cpu'"),
    "the wrong metric": ("metric: hits", "metric: good_hits", 17, "must be hits", "'good_hits'"),
    "another route in the total": ("metric: hits, route: read", "metric: hits, route: write", 17,
                                   "must be about the same route and step as good", ""),
    "a route that is none": ("route: read", "route: raed", 15, "'raed' is no route of the mix; it has read, write", ""),
    "a step that is none": ("route: read", "route: read, step: dorp", 15, "'dorp' is no step of this experiment", ""),
    "a gauge": ("counter: true", "counter: false", 13, "counter: hits are counted", "False"),
    "a precomputed ratio": ("counter: true", "rawType: success", 13, "rawType: a precomputed ratio", ""),
    "no total": ("        total:\n          metricSource: {type: midnight, spec: {metric: hits, route: read}}\n", "",
                 12, "total: is required", ""),
    "good and bad": ("        total:", "        bad: {metricSource: {type: midnight}}\n        total:", 12,
                     "exactly one of good and bad", ""),
    "no indicator": ("  indicator:\n    metadata: {name: good}\n    spec:", "  x:\n    spec:", 9,
                     "x: is not a key", ""),
    "a reference to nothing": ("  service: shop", "  indicatorRef: nosuch", 6,
                               "exactly one of indicator and indicatorRef", ""),
    "a calendar": ("isRolling: true", "calendar: {timeZone: UTC}", 19, "calendar: a calendar-aligned window", ""),
    "a window that does not roll": ("isRolling: true", "isRolling: false", 19, "isRolling: a calendar-aligned", ""),
    "a duration of no kind": ("duration: 4w", "duration: 4 weeks", 19,
                              "must be a whole number with a unit", "'4 weeks'"),
    "another budgeting": ("Occurrences", "RatioTimeslices", 20,
                          "budgetingMethod: is not judged here", "'RatioTimeslices'"),
    "slices without a window": ("Occurrences", "Timeslices", 22, "timeSliceTarget: is required for", ""),
    "slices that are not asked": ("targetPercent: 99", "targetPercent: 99, timeSliceTarget: 0.9", 22,
                                  "timeSliceTarget: goes with budgetingMethod Timeslices only", "0.9"),
    "two targets": ("targetPercent: 99", "targetPercent: 99, target: 0.99", 22, "exactly one of target", ""),
    "a target of all": ("targetPercent: 99", "targetPercent: 100", 22, "targetPercent: should be less than 100", "100"),
    "a threshold of a ratio": ("targetPercent: 99", "targetPercent: 99, op: lte", 22,
                               "op: goes with a thresholdMetric", "'lte'"),
    "a composite": ("targetPercent: 99", "targetPercent: 99, compositeWeight: 1", 22,
                    "compositeWeight: a composite objective is not judged", ""),
    "a composite by reference": ("targetPercent: 99", "targetPercent: 99, indicatorRef: answers", 22,
                                 "indicatorRef: a composite objective", ""),
    "another version": ("openslo/v1\n", "openslo/v1alpha\n", 1,
                        "apiVersion: only openslo/v1 is read", "'openslo/v1alpha'"),
    "another kind": ("kind: SLO", "kind: SLA", 2, "kind: is no kind of openslo/v1", "'SLA'"),
    "a name of two words": ("name: checkout", "name: the checkout", 4, "metadata: name: ", "'the checkout'"),
    "a secret": ("service: shop", "password: hunter2", 8, "a secret must not stand in a file", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_measured_is_refused_by_name(case: str, tmp_path: Path) -> None:
    old, new, line, rule, value = REFUSED[case]
    assert old in RATIO
    path = documents(tmp_path / "openslo.yaml", RATIO.replace(old, new), SLI, SOURCE)
    with pytest.raises(FileError) as caught:
        slos(tmp_path, "{file: openslo.yaml}")
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}: ")
    assert rule in message and value in message


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("op: lte", "op: gte", "op: asks for slowness"),
        ("op: lte, ", "", "op: is required for a thresholdMetric"),
        ("value: 0.5, ", "", "value: is required for a thresholdMetric"),
        ("value: 0.5", "value: 0", "value: should be greater than 0, got 0"),
        (
            "indicatorRef: answers",
            "indicatorRef: asnwers",
            "is no SLI of this file; it has answers, got 'asnwers'",
        ),
        (
            "0.95}",
            "0.95}\n    - {op: lte, value: 1, target: 0.99}",
            "a thresholdMetric has one objective only",
        ),
    ],
)
def test_a_threshold_that_cannot_be_measured_is_refused_by_name(
    old: str, new: str, rule: str, tmp_path: Path
) -> None:
    assert old in THRESHOLD
    documents(tmp_path / "openslo.yaml", SLI, SOURCE, THRESHOLD.replace(old, new))
    with pytest.raises(FileError) as caught:
        slos(tmp_path, "{file: openslo.yaml}")
    assert rule in str(caught.value)
    assert caught.value.line is not None and caught.value.line > len((SLI + SOURCE).splitlines())


def test_a_slice_longer_than_the_play_is_refused_where_it_stands(tmp_path: Path) -> None:
    text = RATIO.replace("Occurrences", "Timeslices").replace(
        "targetPercent: 99", "target: 0.9, timeSliceTarget: 0.95, timeSliceWindow: 5m"
    )
    path = documents(tmp_path / "openslo.yaml", text)
    with pytest.raises(FileError, match="timeSliceWindow: 5m is longer than the play, 1m") as caught:
        slos(tmp_path, "{file: openslo.yaml}")
    assert (caught.value.path, caught.value.line) == (path, 22)


@pytest.mark.parametrize(
    ("item", "rule"),
    [
        ("{file: nosuch.yaml}", "slos[0]: file: no such file"),
        ("{file: openslo.yaml, name: more}", "slo 'more': file: stands alone"),
        ("{file: [openslo.yaml]}", "slos[0]: file: stands alone"),
    ],
)
def test_a_file_that_is_none_is_refused_where_it_is_named(item: str, rule: str, tmp_path: Path) -> None:
    documents(tmp_path / "openslo.yaml", RATIO)
    with pytest.raises(FileError) as caught:
        slos(tmp_path, item)
    assert (caught.value.path, caught.value.line) == (tmp_path / "experiment.yaml", 11)
    assert rule in str(caught.value)


def test_a_file_without_any_slo_is_refused(tmp_path: Path) -> None:
    documents(tmp_path / "openslo.yaml", SLI, SOURCE)
    with pytest.raises(FileError, match="holds no document of kind SLO"):
        slos(tmp_path, "{file: openslo.yaml}")


def test_a_document_that_is_none_is_refused_by_its_line(tmp_path: Path) -> None:
    path = documents(tmp_path / "openslo.yaml", RATIO, "slos: []\n")
    with pytest.raises(FileError) as caught:
        slos(tmp_path, "{file: openslo.yaml}")
    assert str(caught.value) == f"{path}:26: apiVersion: is required"


def test_the_same_name_twice_is_refused_where_it_stands(tmp_path: Path) -> None:
    documents(tmp_path / "openslo.yaml", RATIO)
    with pytest.raises(FileError, match="metadata: name: SLO 'checkout' stands twice"):
        slos(tmp_path, "{name: checkout, availability: 99%}", "{file: openslo.yaml}")
