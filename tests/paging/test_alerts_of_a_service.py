"""A real fault makes a real alert fire, in time or not, delivered or not, read or not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chaos.record.events import AlertDelivered, AlertFiring, AlertPending, AlertResolved, StepInjected
from chaos.record.journal import Journal
from tests.attach.conftest import place, service
from tests.attach.files import target
from tests.attach.service import Service
from tests.midnight import Done, Midnight
from tests.paging.monitoring import Monitoring, program

__all__ = ["place", "service"]

pytestmark = [pytest.mark.real, pytest.mark.wide]

EXPERIMENT = """\
name: paged
title: Is somebody woken up?
load:
  timeout: 8s
  mix: {read: 1}
  baseline: {for: 1s, rate: 10, p99: 8s}
  phases: [{name: play, for: 12s, rate: 10}]
steps:
  # a scrape, its timeout, two evaluations: four seconds where nothing is late
  - {name: freeze, fault: pause, at: 500ms, hold: 9s, with: {target: exporter}}
instrument: {lag: 900ms, run_delay: 100%}
"""
ALERTS = """\
alerts:
  - name: down
    alert: ExporterDown
    labels: {severity: page}
    fires_within: WITHIN
    resolves_within: 15s
    delivered: true
  - {name: quiet, none: {severity: page}, except: [ExporterDown]}
"""
WRONG = "alerts: [{name: down, alert: ExporterDwon, fires_within: 4s}]\n"
Start = Callable[..., Monitoring]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Monitoring] = []

    def up(**changed: str) -> Monitoring:
        for name in ("prometheus", "alertmanager", "node_exporter"):
            program(name)
        found = Monitoring(tmp_path / "monitoring", **changed)
        started.append(found)
        found.up()
        return found

    yield up
    for each in started:
        each.down()


def run(
    place: Midnight, service: Service, monitoring: Monitoring, more: str = "", within: str = "8s"
) -> Done:
    file = place.file("paged.yaml", EXPERIMENT + ALERTS.replace("WITHIN", within) + more)
    pid = monitoring.pid("node_exporter")
    keys = f"  processes: {{exporter: {{pid: {pid}}}}}\n"
    return place("run", file, "--target", target(place, service.url, keys, top=monitoring.keys))


def findings(place: Midnight, check: str = "alerts") -> dict[str, tuple[str, str]]:
    found = [each for each in place.verdict["findings"] if each["check"] == check]
    return {each["name"]: (each["outcome"], each["because"]) for each in found}


def test_an_alert_fires_in_time_is_delivered_and_resolved(
    place: Midnight, service: Service, start: Start
) -> None:
    slos = 'slos: [{name: scraped, promql: "up", above: 0}, {name: load, promql: vector(1), below: 2}]\n'
    done = run(place, service, start(), slos)

    found = findings(place)
    assert {name: outcome for name, (outcome, _) in found.items()} == {
        "down": "pass",
        "down: delivered": "pass",
        "down: resolved": "pass",
        "quiet": "pass",
    }, (found, done)
    journal = Journal(place.run)
    pending, firing = (
        journal.latest(AlertPending, "ExporterDown"),
        journal.latest(AlertFiring, "ExporterDown"),
    )
    resolved = journal.latest(AlertResolved, "ExporterDown")
    assert pending and firing and resolved
    assert pending.at <= firing.at <= resolved.at and firing.since is not None
    assert {each.status for each in journal.every(AlertDelivered, "ExporterDown")} >= {"firing"}
    queries = findings(place, "query")
    assert queries["load"][0] == "pass", queries
    assert queries["scraped"][0] == "fail" and "at worst 0" in queries["scraped"][1]


def test_a_rule_that_waits_too_long_fails(place: Midnight, service: Service, start: Start) -> None:
    run(place, service, start(wait="1m"))
    outcome, because = findings(place)["down"]
    assert outcome == "fail" and "never fired: pending for" in because and "`for: 1m`" in because


def test_an_alertmanager_with_the_wrong_route_fails(place: Midnight, service: Service, start: Start) -> None:
    run(place, service, start(matcher='severity="other"'))
    found = findings(place)
    assert found["down"][0] == "pass"
    assert found["down: delivered"] == (
        "fail",
        "ExporterDown was not delivered: Alertmanager routed it to nobody",
    )


def test_a_prometheus_that_is_down_is_unknown_and_the_run_plays(
    place: Midnight, service: Service, start: Start
) -> None:
    monitoring = start()
    monitoring.stop("prometheus")
    run(place, service, monitoring)
    outcomes = {name: outcome for name, (outcome, _) in findings(place).items()}
    assert outcomes == {"down": "unknown", "quiet": "unknown"}
    assert Journal(place.run).play is not None


def test_an_alert_that_nobody_expected_stops_the_run(place: Midnight, service: Service, start: Start) -> None:
    abort = "abort: [{alert: ExporterDown}]\nafter_abort: 0s\n"
    monitoring = start(wait="0s")
    file = place.file("paged.yaml", EXPERIMENT.replace("play, for: 12s", "play, for: 30s") + abort)
    keys = f"  processes: {{exporter: {{pid: {monitoring.pid('node_exporter')}}}}}\n"
    done = place("run", file, "--target", target(place, service.url, keys, top=monitoring.keys))
    assert done.code == 4, done
    assert "abort condition 'ExporterDown': it fires, and nothing expected it" in done.printed
    journal = Journal(place.run)
    firing, play = journal.latest(AlertFiring, "ExporterDown"), journal.play
    assert firing and play and firing.at <= play.end < play.start + 30.0, "stopped by it, and not at the end"


def test_a_rule_that_does_not_exist_is_refused_before_anything_is_touched(
    place: Midnight, service: Service, start: Start
) -> None:
    file = place.file(
        "paged.yaml", EXPERIMENT + ALERTS.replace("WITHIN", "4s").replace("ExporterDown", "ExporterDwon", 1)
    )
    monitoring = start()
    keys = f"  processes: {{exporter: {{pid: {monitoring.pid('node_exporter')}}}}}\n"
    done = place("run", file, "--target", target(place, service.url, keys, top=monitoring.keys))
    assert done.code == 2 and not place.runs
    done = place("run", file, "--target", target(place, service.url, keys, top=monitoring.keys), "--rehearse")
    assert "Prometheus answers" in done.out and "receiver `midnight`" in done.out, done
    done = place("run", file, "--target", target(place, service.url, keys, top=monitoring.keys))
    assert "alert 'ExporterDwon' is in no rule of" in done.err and "did you mean ExporterDown?" in done.err


# seconds; the instants that Prometheus reports are those at which it got to it: on a busy machine late, but before
# the next evaluation
EVALUATION, JITTER = 1.0, 0.5


class Filling(Service):
    """Its pool is full once it has answered a few requests."""

    FULL_FROM = 25  # requests: in the play

    @property
    def metrics(self) -> str:
        return f"pool_max 10\npool_used {9 if self.items > self.FULL_FROM else 1}\n"

    @metrics.setter
    def metrics(self, text: str) -> None:
        """It is what it answers."""


def test_the_same_run_replayed_fires_when_it_did(place: Midnight, start: Start) -> None:
    service = Filling()
    service.start()
    try:
        monitoring = start(service=service.url.removeprefix("http://"))
        gauges = "gauges: [{prometheus: '{base_url}/metrics', map: {pool_size: pool_max, pool_in_use: pool_used}}]\n"
        keys = f"  processes: {{exporter: {{pid: {monitoring.pid('node_exporter')}}}}}\n"
        objective = "alerts: [{name: pool, alert: PoolFull, fires_within: 15s}]\n"
        file = place.file("paged.yaml", EXPERIMENT.replace("play, for: 12s", "play, for: 16s") + objective)
        top = monitoring.keys + gauges
        done = place("run", file, "--target", target(place, service.url, keys, top=top))
    finally:
        service.stop()
    assert findings(place)["pool"][0] == "pass", (findings(place), done)
    mapped = "pool_max: {gauge: api/pool_size}\npool_used: {gauge: api/pool_checked_out}\n"
    options = ("--map", place.file("map.yaml", mapped), "--scrape", "1s", "--evaluate", "1s", "--json")
    replayed = place("alerts", str(place.run.path), "--rules", str(monitoring.rules), *options)
    found = {each["alert"]: each for each in json.loads(replayed.out)["alerts"]}
    journal = Journal(place.run)
    injected = journal.latest(StepInjected)
    assert injected is not None
    for name in ("PoolFull", "PoolFullForLong"):
        fired, again = journal.latest(AlertFiring, name), found[name]
        assert fired is not None and fired.since is not None, done
        assert again["aligned"], "evaluated when that Prometheus did, so only the scrape before it may differ"
        live = fired.since - injected.at
        assert abs(again["seconds"] - live) <= EVALUATION + JITTER, (name, live, again)
