"""An objective that nothing could break is refused wherever it is asked: exit 2, one line, nothing touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaos.faults.kill import Kill
from chaos.faults.pause import Pause
from chaos.plan.rules import of_limits, undisturbed
from chaos.plugin.fault import Fault
from chaos.spec.experiment import Experiment
from chaos.spec.target import Target
from chaos.spec.yamlfile import Where
from tests.typed import refusal

EXPERIMENT = """\
name: answers
title: Milliseconds where seconds are read
load:
  timeout: 4s
  mix: {read: 1}
  baseline: {for: 30s, rate: 10, p99: 4s}
  phases: [{name: play, for: 5s, rate: 10}]
slos: [{file: latency-ms.yaml}]
"""
OBJECTIVE = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: answers-fast}
spec:
  indicator:
    spec:
      thresholdMetric: {metricSource: {type: midnight, spec: {metric: latency}}}
  budgetingMethod: Occurrences
  objectives: [{op: lte, value: 500, target: 0.99}]
"""
TARGET = """\
name: mine
driver: attach
consent: {owner: The tests, until: 2999-12-31}
routes: {read: {path: /}}
options: {base_url: "http://127.0.0.1:9"}
"""
SUITE = "name: whole\ntitle: A suite\nscenarios: [{experiment: %s}]\n"
SCHEDULES = "schedules: [{name: nightly, experiment: %s, target: %s, when: 0 0 * * *, timezone: UTC}]\n"


@pytest.fixture
def files(own_place: Path) -> Iterator[dict[str, str]]:
    """The paths of all of them. Reports and state would lie beside; after a refusal neither is there."""
    found = {name: str(own_place / f"{name}.yaml") for name in ("exp", "target", "suite", "schedules", "slo")}
    Path(found["exp"]).write_text(EXPERIMENT)
    (own_place / "latency-ms.yaml").write_text(OBJECTIVE)
    Path(found["target"]).write_text(TARGET)
    Path(found["suite"]).write_text(SUITE % found["exp"])
    Path(found["schedules"]).write_text(SCHEDULES % (found["exp"], found["target"]))
    sound = EXPERIMENT.replace("{file: latency-ms.yaml}", "{name: all, availability: 99%}")
    (own_place / "sound.yaml").write_text(sound)
    yield {**found, "objective": str(own_place / "latency-ms.yaml"), "sound": str(own_place / "sound.yaml")}
    assert not (own_place / "reports").exists() and not (own_place / "state").exists()


@pytest.mark.parametrize(
    "command",
    [
        "validate {exp}",
        "run {exp} --target {target}",
        "run {exp} --target {target} --dry-run",
        "run {suite} --target {target}",
        "gate {exp} --target {target}",
        "gate {sound} --target {target} --slo {objective}",
        "schedule validate --file {schedules}",
    ],
)
def test_every_command_that_reads_an_unbreakable_objective_refuses_it_with_file_and_line(
    files: dict[str, str], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(capsys, *command.format(**files).split())
    assert f"{files['objective']}:9: spec: objectives[0]: value: 500 s is not below the timeout, 4 s" in said
    assert "(500 ms are 0.5 s)" in said


def experiment(*steps: dict[str, Any], **limits: Any) -> Experiment:
    load = {"timeout": 1, "mix": {"read": 1}, "baseline": {"for": 1, "rate": 1}}
    phases = [{"name": "play", "for": 100, "rate": 10}]
    document = {"name": "night", "title": "", "load": {**load, "phases": phases}, "steps": list(steps)}
    return Experiment.model_validate({**document, "limits": limits})


def step(at: float | None, hold: float, name: str = "one", **more: Any) -> dict[str, Any]:
    return {"name": name, "fault": "pause", "at": at, "hold": hold, **more}


@pytest.mark.parametrize(
    ("steps", "faults", "free"),
    [
        ([], [], 100.0),
        ([step(10, 30)], [Pause], 60.0),
        ([step(10, 30)], [Kill], 90.0),  # its act may be over at once
        ([step(10, 20), step(60, 500, "two")], [Pause, Pause], 30.0),
        ([step(10, 60), step(20, 10, "two")], [Pause, Pause], 30.0),
        ([step(10, 20), step(None, 60, "two", after="one")], [Pause, Pause], 70.0),
    ],
    ids=["no step", "held", "a moment", "two", "one within another", "after another"],
)
def test_a_recovery_has_what_the_steps_leave_of_the_play(
    steps: list[dict[str, Any]], faults: list[type[Fault]], free: float
) -> None:
    assert undisturbed(experiment(*steps), faults) == free


LIMITS = [
    ({"recovery": 60}, "recovery: 1m cannot be broken by this play"),
    ({"rpo": 5}, "rpo: cannot be broken: target 'mine' has no route with a `ledger` in the mix"),
    ({"lost_log_lines": 0}, "lost_log_lines: cannot be broken: target 'mine' offers no logs"),
]


@pytest.mark.parametrize(("limits", "rule"), LIMITS, ids=["recovery", "rpo", "log lines"])
def test_a_limit_that_neither_steps_nor_target_let_break_is_refused(
    limits: dict[str, Any], rule: str
) -> None:
    target = Target.model_validate({"name": "mine", "driver": "attach", "routes": {"read": {"path": "/"}}})
    asked = experiment(step(10, 30))
    asked = asked.model_copy(update={"limits": asked.limits.model_copy(update=limits)})
    (broken,) = of_limits(Where(Path("night.yaml"), {}), asked, target, [Pause], frozenset())
    assert rule in str(broken)


def test_a_limit_that_the_play_can_break_is_accepted() -> None:
    ledger = {"key": "{uuid}", "read": {"get": "/{key}"}}
    routes = {"read": {"path": "/{uuid}", "method": "PUT", "ledger": ledger}}
    document = {"name": "mine", "driver": "attach", "routes": routes}
    asked = experiment(step(10, 30), recovery=59, lost_log_lines=0)
    target = Target.model_validate(document)
    assert not list(of_limits(Where(Path("night.yaml"), {}), asked, target, [Pause], frozenset({"logs"})))
