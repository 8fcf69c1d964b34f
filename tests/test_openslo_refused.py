"""What OpenSLO asks and cannot be measured is refused by name, with file, line and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.errors import FileError
from tests.openslo_documents import (
    RATIO,
    SLI,
    SOURCE,
    THRESHOLD,
    documents,
    slos,
)

REFUSED = {
    "another source": ("type: midnight, spec: {metric: good_hits", "type: Datadog, spec: {metric: good_hits", 15,
                       "type: cannot be queried", "'Datadog'"),
    "two kinds of source": ("type: midnight, spec: {metric: hits, route: read}",
                            "type: Prometheus, spec: {query: hits_total}", 17, "must have the same type as good", ""),
    "an unknown source": ("type: midnight, spec: {metric: hits", "metricSourceRef: prom, spec: {metric: hits", 17,
                          "is not a DataSource of this file; known: load", "'prom'"),
    "another metric": ("metric: good_hits", "metric: cpu", 15, "metric: ", "'cpu'"),
    "the wrong metric": ("metric: hits", "metric: good_hits", 17, "must be hits", "'good_hits'"),
    "another route in the total": ("metric: hits, route: read", "metric: hits, route: write", 17,
                                   "must be about the same route and step as good", ""),
    "a route that is none": ("route: read", "route: raed", 15,
                             "'raed' is not a route of the mix; did you mean read?", ""),
    "a step that is none": ("route: read", "route: read, step: dorp", 15,
                            "'dorp' is not a step of this experiment", ""),
    "a gauge": ("counter: true", "counter: false", 13, "counter: hits are counted", "false"),
    "a precomputed ratio": ("counter: true", "rawType: success", 12, "raw: is required: raw needs its rawType", ""),
    "no total": ("        total:\n          metricSource: {type: midnight, spec: {metric: hits, route: read}}\n", "",
                 12, "total: is required", ""),
    "good and bad": ("        total:", "        bad: {metricSource: {type: midnight}}\n        total:", 12,
                     "exactly one of good and bad", ""),
    "no indicator": ("  indicator:\n    metadata: {name: good}\n    spec:", "  x:\n    spec:", 9,
                     "x: unknown key", ""),
    "a reference to nothing": ("  service: shop", "  indicatorRef: nosuch", 6,
                               "exactly one of indicator and indicatorRef", ""),
    "a calendar": ("isRolling: true", "calendar: {timeZone: UTC}", 19, "calendar: calendar-aligned windows", ""),
    "a window that does not roll": ("isRolling: true", "isRolling: false", 19, "isRolling: calendar-aligned", ""),
    "a duration of no kind": ("duration: 4w", "duration: 4 weeks", 19,
                              "must be an integer with a unit", "'4 weeks'"),
    "another budgeting": ("Occurrences", "RatioTimeslices", 20,
                          "budgetingMethod: is not supported", "'RatioTimeslices'"),
    "slices without a window": ("Occurrences", "Timeslices", 22, "timeSliceTarget: is required for", ""),
    "slices that are not asked": ("targetPercent: 99", "targetPercent: 99, timeSliceTarget: 0.9", 22,
                                  "timeSliceTarget: is only for budgetingMethod Timeslices", "0.9"),
    "two targets": ("targetPercent: 99", "targetPercent: 99, target: 0.99", 22, "exactly one of target", ""),
    "a target of all": ("targetPercent: 99", "targetPercent: 100", 22, "targetPercent: must be less than 100", "100"),
    "a threshold of a ratio": ("targetPercent: 99", "targetPercent: 99, op: lte", 22,
                               "op: is only for a thresholdMetric", "'lte'"),
    "a composite": ("targetPercent: 99", "targetPercent: 99, compositeWeight: 1", 22,
                    "compositeWeight: composite objectives are not supported", ""),
    "a composite by reference": ("targetPercent: 99", "targetPercent: 99, indicatorRef: answers", 22,
                                 "indicatorRef: composite objectives", ""),
    "another version": ("openslo/v1\n", "openslo/v1alpha\n", 1,
                        "apiVersion: only openslo/v1 is supported", "'openslo/v1alpha'"),
    "another kind": ("kind: SLO", "kind: SLA", 2, "kind: is not a kind of openslo/v1", "'SLA'"),
    "a name of two words": ("name: checkout", "name: the checkout", 4, "metadata: name: ", "'the checkout'"),
    "a secret": ("service: shop", "password: hunter2", 8, "must not be a secret in plain text", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_an_objective_that_cannot_be_measured_is_refused_by_name(case: str, tmp_path: Path) -> None:
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
        ("op: lte", "op: gte", "op: would demand slow answers"),
        ("op: lte, ", "", "op: is required for a thresholdMetric"),
        ("value: 0.5, ", "", "value: is required for a thresholdMetric"),
        ("value: 0.5", "value: 0", "value: must be greater than 0, got 0"),
        (
            "indicatorRef: answers",
            "indicatorRef: asnwers",
            "is not an SLI of this file; did you mean answers? (got 'asnwers')",
        ),
        (
            "0.95}",
            "0.95}\n    - {op: lte, value: 1, target: 0.99}",
            "a thresholdMetric has only one objective",
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


@pytest.mark.parametrize("op", ["lte", "lt"])
def test_a_threshold_that_no_answer_can_miss_is_refused_with_what_may_be_meant(
    op: str, tmp_path: Path
) -> None:
    text = THRESHOLD.replace("op: lte, value: 0.5", f"op: {op}, value: 500")
    path = documents(tmp_path / "openslo.yaml", SLI, SOURCE, text)
    with pytest.raises(FileError) as caught:
        slos(tmp_path, "{file: openslo.yaml}")
    assert (caught.value.path, caught.value.line) == (path, 20)
    assert "value: 500 s is not below the timeout, 2 s" in str(caught.value)
    assert "(500 ms are 0.5 s)" in str(caught.value)


def test_a_slice_longer_than_the_play_is_refused_with_file_and_line(tmp_path: Path) -> None:
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
        ("{file: openslo.yaml, name: more}", "slo 'more': file: must be the only key"),
        ("{file: [openslo.yaml]}", "slos[0]: file: must be the only key"),
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
    with pytest.raises(FileError, match="has no document of kind SLO"):
        slos(tmp_path, "{file: openslo.yaml}")


def test_a_document_that_is_none_is_refused_by_its_line(tmp_path: Path) -> None:
    path = documents(tmp_path / "openslo.yaml", RATIO, "slos: []\n")
    with pytest.raises(FileError) as caught:
        slos(tmp_path, "{file: openslo.yaml}")
    assert str(caught.value).splitlines()[0] == f"{path}:26: apiVersion: is required"


def test_a_duplicate_slo_name_is_refused_with_its_place(tmp_path: Path) -> None:
    documents(tmp_path / "openslo.yaml", RATIO)
    with pytest.raises(FileError, match="metadata: name: duplicate SLO name 'checkout'"):
        slos(tmp_path, "{name: checkout, availability: 99%}", "{file: openslo.yaml}")
