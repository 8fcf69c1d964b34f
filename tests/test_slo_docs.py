"""What docs/slos.md shows can be typed as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from chaos.checks.rejudge import judge_run
from chaos.spec.abort import in_effect, name_of
from chaos.spec.experiment import Experiment
from tests.checks.synthetic import Night, experiment_file, step_events
from tests.midnight import PROJECT

BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", (PROJECT / "docs/slos.md").read_text(), re.M | re.S)


ABORTS = [block for block in BLOCKS if block.startswith("abort:")]


@pytest.mark.parametrize("block", [block for block in BLOCKS if block not in ABORTS])
def test_each_example_judges_a_stored_run(block: str, tmp_path: Path) -> None:
    storm = {"name": "storm", "fault": "reconnect_storm", "at": 20, "hold": 5}
    night = Night(changed=experiment_file(steps=[storm]), steps=step_events("storm", 20, 25))
    (tmp_path / "slo.yaml").write_text(block)
    found = judge_run(night.write(tmp_path / "run")[1].run, tmp_path / "slo.yaml")
    objectives = [each for each in found.findings if each.check in ("availability", "latency", "burn_rate")]
    assert objectives and {each.outcome.value for each in objectives} == {"pass"}


def test_the_example_of_what_stops_a_play_is_one() -> None:
    (block,) = ABORTS
    conditions = YAML(typ="safe").load(block)["abort"]
    read = in_effect(Experiment.model_validate(experiment_file(abort=conditions)).abort, started_by_us=True)
    assert [name_of(condition) for condition in read] == ["availability", "recovery", "half", "DatabaseDown"]
