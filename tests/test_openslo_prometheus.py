"""OpenSLO's Prometheus sources become SLOs of ours that ask the target's Prometheus, or are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.errors import FileError
from chaos.spec.queried import Queried
from chaos.spec.slo import Slo, Timeslices
from tests.openslo_documents import documents, slos

RATIO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout}
spec:
  indicator:
    spec:
      ratioMetric:
        counter: true
        good:
          metricSource: {type: Prometheus, spec: {query: 'served_total{code!~"5.."}'}}
        total:
          metricSource: {metricSourceRef: prom, spec: {query: sum(served_total)}}
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{targetPercent: 99}]
"""
THRESHOLD = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: queue}
spec:
  indicator:
    spec:
      thresholdMetric:
        metricSource: {metricSourceRef: prom, type: prometheus, spec: {query: queue_length}}
  budgetingMethod: Timeslices
  objectives: [{op: lt, value: -0.5, target: 0.9, timeSliceTarget: 0.95, timeSliceWindow: 0.25}]
"""
RAW = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: ratio}
spec:
  indicator:
    spec:
      ratioMetric:
        rawType: failure
        raw: {metricSource: {metricSourceRef: prom, spec: {query: errors_ratio}}}
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
"""
PROM = """\
apiVersion: openslo/v1
kind: DataSource
metadata: {name: prom}
spec: {type: Prometheus, connectionDetails: {url: "http://prometheus:9090"}}
"""
OTHER = PROM.replace("name: prom}", "name: other}").replace("prometheus:9090", "elsewhere:9090")

GOOD = 'served_total{code!~"5.."}'


def read(folder: Path, *texts: str) -> tuple[Slo, ...]:
    documents(folder / "openslo.yaml", *texts, PROM, OTHER)
    return slos(folder, "{file: openslo.yaml}")


def test_counters_of_good_and_all_are_a_share(tmp_path: Path) -> None:
    queried = Queried(share=0.99, good=GOOD, total="sum(served_total)")
    assert read(tmp_path, RATIO) == (Slo(name="checkout", prometheus=queried, period=28 * 86400.0),)


def test_bad_ones_and_gauges_are_too(tmp_path: Path) -> None:
    text = RATIO.replace("good:\n", "bad:\n").replace("counter: true", "counter: false")
    (found,) = read(tmp_path, text.replace("sum(served_total)", "'rate(served_total[30s])'"))
    assert found.prometheus == Queried(share=0.99, bad=GOOD, total="rate(served_total[30s])", counter=False)


def test_a_threshold_may_be_any_number_and_be_judged_in_slices(tmp_path: Path) -> None:
    (found,) = read(tmp_path, THRESHOLD)
    assert found.prometheus == Queried(share=0.9, values="queue_length", op="lt", bound=-0.5)
    assert found.timeslices == Timeslices(window=15.0, target=0.95)


def test_a_precomputed_ratio_of_failures_is_one(tmp_path: Path) -> None:
    (found,) = read(tmp_path, RAW)
    assert found.prometheus == Queried(share=0.99, failure="errors_ratio")


def test_several_objectives_ask_the_same_queries(tmp_path: Path) -> None:
    found = read(tmp_path, RATIO.replace("[{targetPercent: 99}]", "[{target: 0.9}, {target: 0.5}]"))
    assert [(each.name, each.target) for each in found] == [("checkout-1", 0.9), ("checkout-2", 0.5)]


REFUSED = {
    "no query": (RATIO, "{query: sum(served_total)}", "{}", 12, "query: is required"),
    "a key of another source": (RATIO, "{query: sum(served_total)}", "{query: x, region: eu}", 12,
                                "region: unknown key"),
    "no PromQL": (RATIO, "sum(served_total)", "'sum(served_total'", 12,
                  "query: is not valid PromQL: unclosed left parenthesis"),
    "a template": (RATIO, "sum(served_total)", "'sum(rate(x[{{.window}}]))'", 12, "{{.window}} is not filled in"),
    "a rate that is no counter": (RATIO, "sum(served_total)", "'sum(rate(x[30s]))'", 12, "not a counter: with a range"),
    "an instant": (RATIO, "sum(served_total)", "served_total @ 5", 12, "`@` fixes the instant"),
    "a range longer than the play": (RAW, "errors_ratio", "'max_over_time(errors_ratio[5m])'", 9,
                                     "query: 5m is longer than the play, 1m"),
    "an offset beyond the play": (RAW, "errors_ratio", "errors_ratio offset 1h", 9, "1h is longer than the play, 1m"),
    "a source of another type": (THRESHOLD, "type: prometheus", "type: midnight", 8,
                                 "DataSource 'prom' is of type Prometheus"),
    "another Prometheus": (RATIO, "{type: Prometheus, spec", "{metricSourceRef: other, spec", 12,
                           "is a different Prometheus from 'other': only the target's own is queried"),
    "a ratio without its type": (RAW, "        rawType: failure\n", "", 7, "rawType: is required"),
    "a ratio beside its parts": (RAW, "rawType: failure",
                                 "bad: {metricSource: {}}\n        rawType: failure", 8,
                                 "bad: cannot be used together with raw"),
    "a ratio of hits": (RAW, "metricSourceRef: prom", "type: midnight", 9, "does not count the load's hits"),
    "no bound": (THRESHOLD, "value: -0.5, ", "", 10, "value: is required for a thresholdMetric"),
    "a bound of a ratio": (RATIO, "targetPercent: 99", "targetPercent: 99, op: lt", 15,
                           "op: is only for a thresholdMetric"),
    "a target of nothing": (RATIO, "targetPercent: 99", "target: 0", 15, "target: must be greater than 0"),
    "a slice longer than the play": (THRESHOLD, "timeSliceWindow: 0.25", "timeSliceWindow: 5m", 10,
                                     "timeSliceWindow: 5m is longer than the play, 1m"),
    "a calendar": (RATIO, "isRolling: true", "calendar: {timeZone: UTC}", 13, "calendar-aligned windows"),
    "another budgeting": (RATIO, "Occurrences", "RatioTimeslices", 14, "is not supported"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_one_play_cannot_judge_is_refused_by_name(case: str, tmp_path: Path) -> None:
    text, old, new, line, rule = REFUSED[case]
    assert old in text
    with pytest.raises(FileError) as caught:
        read(tmp_path, text.replace(old, new))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'openslo.yaml'}:{line}: ") and rule in message, message
    assert len(message) <= 300 and "\n" not in message


OURS = {
    "two forms": ("{share: 99%, good: a, bad: b, total: c}", "needs its queries: good and total"),
    "no form": ("{share: 99%}", "needs its queries"),
    "a bound without values": ("{share: 99%, success: a, bound: 1}", "bound: is only with `values`"),
    "values without an op": ("{share: 99%, values: a, bound: 1}", "op: is required with `values`"),
    "a gauge without a total": ("{share: 99%, success: a, counter: false}", "counter: is only with `total`"),
}


@pytest.mark.parametrize("case", OURS)
def test_our_own_form_has_the_same_rules(case: str, tmp_path: Path) -> None:
    text, rule = OURS[case]
    with pytest.raises(FileError) as caught:
        slos(tmp_path, f"{{name: x, prometheus: {text}}}")
    assert rule in str(caught.value)


@pytest.mark.parametrize("key", ["route: read", "step: drop", "window: 5s", "min_hits: 3"])
def test_it_is_not_about_hits(key: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is about hits: only for availability or latency"):
        slos(tmp_path, f"{{name: x, prometheus: {{share: 99%, success: a}}, {key}}}")


def test_a_sum_of_counters_is_asked_counter_by_counter() -> None:
    queried = Queried(share=0.9, good=GOOD, total='sum(sum by (code) (served_total{a="b\\"c"}))')
    assert [queried.asked(each) for each in queried.queries.values()] == [GOOD, 'served_total{a="b\\"c"}']
    for text in ("sum(a) + sum(b)", "max(a)", "sum(a) or vector(0)"):
        assert queried.asked(text) == text
    assert Queried(share=0.9, values="sum(a)", op="lt", bound=1).asked("sum(a)") == "sum(a)"
