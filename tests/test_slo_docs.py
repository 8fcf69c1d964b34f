"""What docs/slos.md shows can be typed as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chaos.judge import judge_run
from tests.checks.synthetic import Night, experiment_file, step_events
from tests.midnight import PROJECT

BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", (PROJECT / "docs/slos.md").read_text(), re.M | re.S)


@pytest.mark.parametrize("block", BLOCKS)
def test_each_example_judges_a_stored_run(block: str, tmp_path: Path) -> None:
    storm = {"name": "storm", "fault": "reconnect_storm", "at": 20, "hold": 5}
    night = Night(changed=experiment_file(steps=[storm]), steps=step_events("storm", 20, 25))
    (tmp_path / "slo.yaml").write_text(block)
    found = judge_run(night.write(tmp_path / "run")[1].run, tmp_path / "slo.yaml")
    objectives = [each for each in found.findings if each.check in ("availability", "latency", "burn_rate")]
    assert objectives and {each.outcome.value for each in objectives} == {"pass"}
