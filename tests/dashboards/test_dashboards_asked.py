"""A real Prometheus answers what the dashboards ask: on the running stack, of an imported night, of many nights."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chaos.alerts import rules
from chaos.metrics import collecting, out
from chaos.record.gauges import GAUGES
from chaos.record.journal import Journal
from chaos.reports import openmetrics
from deploy import dashboards
from tests.alerts import planted
from tests.dashboards import checking
from tests.dashboards.asking import Prometheus, prometheus
from tests.dashboards.checking import OF_PROMETHEUS, panels
from tests.history.stored import Stored
from tests.midnight import PROJECT, Midnight
from tests.paging.monitoring import PROGRAMS, program
from tests.schedule.plans import came_to

pytestmark = [pytest.mark.real, pytest.mark.wide]

ONE_NIGHT, MANY_NIGHTS = (
    json.loads((dashboards.FOLDER / name).read_text()) for name in ("one-night.json", "many-nights.json")
)
RULES = sorted((PROJECT / "deploy/monitoring/rules").glob("*.yaml"))
LIVE = {"Error ratio by window", "Alerts", "Disk busy", "Probes answered", "Scraped"}
"""Panels that an imported night has nothing for, as their descriptions say."""


ON_A_CALM_STACK = {
    "Availability",
    "Disk busy",
    "CPU in use",
    "Memory available",
    "Latency",
    "Connection pool in use",
    "Probes answered",
    "Scraped",
}
"""Panels that have something to show before any night."""


def shown(stack: Prometheus) -> set[str]:
    """The panels for one night with at least one query that found something in the last seconds."""
    end = time.time()
    return {
        each["title"]
        for each in panels(ONE_NIGHT)
        if len(stack.empty(each, end - 10, end)) < len(checking.targets(each))
    }


def panel(document: checking.Document, title: str) -> checking.Document:
    return next(each for each in panels(document) if each["title"] == title)


def test_the_running_stack_exports_every_metric_that_is_not_midnights_own(midnight: Midnight) -> None:
    for name in PROGRAMS:
        program(name)
    done = midnight("stack", "up", "--with", "monitoring")
    try:
        assert done.code == 0, done
        urls = dict(re.findall(r"^  (\w+): (http\S+)$", done.out, re.M))
        stack = Prometheus(urls["prometheus"])
        late = {"reference_requests_total", "service:pool_in_use:ratio", "probe_success"}
        stack.until(lambda one: late <= one.names())
        recorded = {rule.record for rule in rules.load(RULES) if rule.record}
        known = stack.names() | recorded | checking.of_midnight() | OF_PROMETHEUS
        for document in (ONE_NIGHT, MANY_NIGHTS):
            assert checking.unknown_metrics(document, known) == []
        stack.until(lambda one: shown(one) >= ON_A_CALM_STACK)  # rates need a second scrape
    finally:
        down = midnight("stack", "down")
    assert down.code == 0, down


def night(place: Path) -> Journal:
    """A minute of which every gauge was sampled; requests fail from 27 s on, for 7 s; a step acts from 20 to 22.5 s."""
    gauges = {
        f"{source.of('data') if source.endswith(':') else source}/{gauge}": range(61)
        for source, kind in GAUGES.items()
        for gauge in kind
    }
    run = planted.run(place, gauges, injected={"drop": 20.0}, bad=(27.0, 34.0)).run
    undone = {"at": 22.5, "source": "step", "name": "drop", "phase": "undone", "detail": {}}
    with run.events.open("a") as file:
        file.write(json.dumps(undone) + "\n")
    return Journal(run)


def test_an_imported_night_is_in_every_panel_that_says_so(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not on PATH: install the package prometheus")
    journal = night(tmp_path / "run")
    zero = openmetrics.zero_of(journal)
    (tmp_path / "night.om").write_text(openmetrics.render(journal))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "night.om", "samples"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    with prometheus(tmp_path, {}) as one:
        missing = {
            each["title"]
            for each in panels(ONE_NIGHT)
            if len(one.empty(each, zero, zero + 60)) == len(checking.targets(each))
        }
        assert missing == LIVE
        (faults,) = ONE_NIGHT["annotations"]["list"]
        (region,) = one.over(faults["expr"], zero, zero + 60)
        acts = [float(at) - zero for at, value in region["values"] if float(value) > 0]
        assert region["metric"]["step"] == "drop"
        assert acts == [20.0, 21.0, 22.0, 23.0]  # the last second has its first half
        (states,) = one.over(panel(ONE_NIGHT, "Faults")["targets"][0]["expr"], zero, zero + 60)
        assert [float(value) for _, value in states["values"]] == [float(20 <= at <= 23) for at in range(61)]
        (share,) = one.over(panel(ONE_NIGHT, "Availability")["targets"][1]["expr"], zero, zero + 60)
        worst = min((float(value), float(at) - zero) for at, value in share["values"])
        assert worst[0] == 0 and 27 < worst[1] < 35


def test_an_alert_is_pending_then_firing_then_silent(tmp_path: Path) -> None:
    zero = time.time()
    # By its scrapes, however long it takes to start; not from the first on: it stores no pending alert then.
    expr = "count_over_time(up[1h]) > 8 < 14"
    rule = {"alert": "Planted", "expr": expr, "for": "2s"}
    alerts = panel(ONE_NIGHT, "Alerts")
    with prometheus(tmp_path, {"nobody": "127.0.0.1:1"}, [rule]) as one:
        one.until(lambda it: list(it.now(alerts["targets"][0]["expr"]).values()) == [0])
        (states,) = one.over(alerts["targets"][0]["expr"], zero, time.time() + 1)
    (mapping,) = alerts["fieldConfig"]["defaults"]["mappings"]
    words = [mapping["options"][value]["text"] for _, value in states["values"]]
    assert [word for word, _ in groupby(words)] == ["pending", "firing", "silent"]


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of midnight's own metrics, after four nights, a drill and a schedule with its due times."""
    reports, file = tmp_path / "reports", tmp_path / "schedules.yaml"
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(reports))
    monkeypatch.setenv("MIDNIGHT_DATABASE", f"sqlite:///{tmp_path / 'all.db'}")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    verdicts = {"hardened": "pass", "fragile": "fail", "dify": "unknown", "leaky": None}
    for number, (profile, verdict) in enumerate(verdicts.items()):
        Stored(night=number, profile=profile, verdict=verdict, figures={"rto": 12.0}).write(reports)
    Stored(night=9, experiment="dr-drill", about={"drill": True}).write(reports)
    file.write_text("schedules: [{name: nightly, experiment: smoke, when: '0 0 * * *', timezone: UTC}]\n")
    came_to("ended", "missed", "refused", "missed")
    with out.served("127.0.0.1:0", collecting.registry(collecting.schedules_of(file))) as url:
        yield urlsplit(url).netloc


def test_many_nights_shows_verdicts_figures_drills_and_schedules(tmp_path: Path, exported: str) -> None:
    place = tmp_path / "prometheus"
    place.mkdir()
    with prometheus(place, {"midnight": exported}) as one:
        one.until(lambda it: bool(it.now("midnight_build_info")))
        end = time.time()
        assert [each["title"] for each in panels(MANY_NIGHTS) if one.empty(each, end - 5, end)] == []
        shown = panel(MANY_NIGHTS, "Verdict of the last run")
        values = one.now(shown["targets"][0]["expr"])
        (mapping,) = shown["fieldConfig"]["defaults"]["mappings"]
        words = {
            dict(labels)["profile"]: mapping["options"][f"{value:g}"]["text"]
            for labels, value in values.items()
            if ("experiment", "midnight") in labels
        }
        assert words == {"hardened": "pass", "fragile": "fail", "dify": "unknown", "leaky": "none"}
        missed = one.now(panel(MANY_NIGHTS, "Missed and refused")["targets"][0]["expr"])
        assert {dict(labels)["state"]: value for labels, value in missed.items()} == {
            "missed": 2,
            "refused": 1,
        }
        next_due = one.now(panel(MANY_NIGHTS, "Next starts")["targets"][0]["expr"])
        assert [value > end * 1000 for value in next_due.values()] == [True]
