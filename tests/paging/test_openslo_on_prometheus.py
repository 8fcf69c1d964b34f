"""OpenSLO documents judged by a real Prometheus: one holds, a real fault breaks another, one has no data, and the
service's counters are reset."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from chaos.record.events import QuerySampled
from chaos.record.journal import Journal
from tests.attach.conftest import place
from tests.attach.files import target
from tests.attach.service import Service
from tests.midnight import Midnight
from tests.paging.monitoring import Monitoring, program

__all__ = ["place"]

pytestmark = [pytest.mark.real, pytest.mark.wide]

EXPERIMENT = """\
name: asked
title: What does Prometheus say?
load:
  timeout: 8s
  mix: {read: 1}
  baseline: {for: 1s, rate: 10, p99: 8s}
  phases: [{name: play, for: 9s, rate: 10}]
steps:
  - {name: freeze, fault: pause, at: 500ms, hold: 6s, with: {target: exporter}}
slos: [{file: openslo.yaml}]
instrument: {lag: 900ms, run_delay: 100%}
"""
SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {{name: {name}}}
spec:
  indicator: {{spec: {{{indicator}}}}}
  budgetingMethod: {method}
  objectives: [{{{objective}}}]
---
"""
SOURCE = """\
apiVersion: openslo/v1
kind: DataSource
metadata: {name: prom}
spec: {type: Prometheus}
"""


def slo(name: str, indicator: str, objective: str, method: str = "Occurrences") -> str:
    return SLO.format(name=name, indicator=indicator, objective=objective, method=method)


def asks(query: str) -> str:
    return f"{{metricSource: {{metricSourceRef: prom, spec: {{query: '{query}'}}}}}}"


UP = "thresholdMetric: " + asks('up{job="node"}')
GOOD, TOTAL = asks('served_total{code="200"}'), asks("sum(served_total)")
SERVED = f"ratioMetric: {{counter: true, good: {GOOD}, total: {TOTAL}}}"
RAW = "ratioMetric: {rawType: success, raw: " + asks('up{job="service"}') + "}"
NONE = "thresholdMetric: " + asks("no_such_metric")
SLICED = "op: gte, value: 1, target: 0.5, timeSliceTarget: 0.9, timeSliceWindow: 0.05"
DOCUMENTS = "".join(
    [
        slo("served", SERVED, "target: 0.9"),
        slo("scraped", UP, "op: gte, value: 1, target: 0.9"),
        slo("in-slices", UP, SLICED, "Timeslices"),
        slo("nothing", NONE, "op: gte, value: 1, target: 0.9"),
        slo("ratio", RAW, "target: 0.5"),
        SOURCE,
    ]
)


class Restarted(Service):
    """It counts what it serves, and is reset at each 40th answer, as if it had been restarted."""

    @property
    def metrics(self) -> str:
        return f'served_total{{code="200"}} {self.items % 40}\nserved_total{{code="500"}} 0\n'

    @metrics.setter
    def metrics(self, text: str) -> None:
        """It is what it answers."""


@pytest.fixture
def aim(place: Midnight, tmp_path: Path) -> Iterator[str]:
    """The target file of a service that is scraped until the end of the test."""
    for name in ("prometheus", "alertmanager", "node_exporter"):
        program(name)
    service = Restarted()
    service.start()
    monitoring = Monitoring(tmp_path / "monitoring", service=service.url.removeprefix("http://"))
    try:
        monitoring.up()
        keys = f"  processes: {{exporter: {{pid: {monitoring.pid('node_exporter')}}}}}\n"
        yield target(place, service.url, keys, top=monitoring.keys)
    finally:
        monitoring.down()
        service.stop()


def outcomes(place: Midnight) -> dict[str, str]:
    return {each["name"]: each["outcome"] for each in place.verdict["findings"] if each["check"] == "query"}


def test_openslo_documents_are_judged_by_a_real_prometheus_and_again_from_the_journal(
    place: Midnight, aim: str
) -> None:
    place.file("openslo.yaml", DOCUMENTS)
    done = place("run", place.file("asked.yaml", EXPERIMENT), "--target", aim)
    found = {each["name"]: each for each in place.verdict["findings"] if each["check"] == "query"}
    assert outcomes(place) == {
        "served": "pass",
        "scraped": "fail",
        "in-slices": "fail",
        "nothing": "unknown",
        "ratio": "pass",
    }, (found, done)
    assert found["nothing"]["because"] == "`values` has no data in the play"
    assert "slices of 3 s reach 90 %" in found["in-slices"]["because"]
    (counter,) = [
        each.series
        for each in Journal(place.run).every(QuerySampled, "served")
        if each.promql == "sum(served_total)"
    ]
    served = [value for series in counter for value in series if value is not None]
    assert any(after < before for before, after in pairwise(served)), served
    counted = float(found["served"]["because"].split(" of ")[-1].split()[0])
    assert 40 < counted <= 10 * 9 + 1, (
        counted
    )  # more than it ever showed at a time, and no more than was sent

    laxer = slo("scraped", UP, "op: gte, value: 1, target: 0.1") + slo(
        "unasked", f"thresholdMetric: {asks('up')}", "op: gte, value: 1, target: 0.1"
    )
    done = place("judge", str(place.run.path), "--slo", place.file("laxer.yaml", laxer + SOURCE), "--json")
    assert '"outcome": "pass"' in done.out and "`values` was not queried after the play" in done.out, done


@pytest.mark.full
def test_a_gate_asks_what_its_own_slos_need(place: Midnight, aim: str) -> None:
    plain = EXPERIMENT.replace("slos: [{file: openslo.yaml}]", "slos: [{name: good, availability: 90%}]")
    file = place.file("asked.yaml", plain)
    stricter = place.file("stricter.yaml", slo("scraped", UP, "op: gte, value: 1, target: 0.9") + SOURCE)
    done = place("gate", file, "--target", aim, "--slo", stricter)
    assert done.code == 1 and "share of instants ≥ 1" in done.printed, done
