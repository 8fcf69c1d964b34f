"""A bad suite: every mistake is told at the suite's file and line, and no sound experiment is blamed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_files import GOOD
from tests.typed import refusal, typed

pytestmark = pytest.mark.usefixtures("own_place")

HEAD = "name: all\ntitle: All\nscenarios:\n"


def said(capsys: pytest.CaptureFixture[str], folder: Path, *scenarios: str) -> list[str]:
    """The lines about a suite with these scenarios, the first in line 4, from its file's name on."""
    file = folder / "all.yaml"
    file.write_text(HEAD + "".join(f"  - {each}\n" for each in scenarios))
    return refusal(capsys, "validate", str(file)).replace(f"midnight: {file}", "all").splitlines()


def test_a_misspelt_parameter_is_told_in_the_suites_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = said(capsys, tmp_path, '{experiment: drill-delete, set: ["delete.evry=3"]}')
    assert line == "all:4: scenarios[0]: set[0]: delete.evry: unknown key; did you mean `every`?"


def test_all_mistakes_of_a_suite_are_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(
        capsys,
        tmp_path,
        "{experiment: drill-failovr}",
        "{experiment: drill-failover, set: [los.by=freeze, loss.by, loss.at=x]}",
        "{experiment: drill-delete, set: [delete.every=0], evry: 1}",
    )
    assert [line.split(", got")[0] for line in lines] == [
        "all:4: scenarios[0]: experiment: no file 'drill-failovr' in experiments/; did you mean drill-failover?",
        f"all:5: scenarios[1]: set[0]: los.by: {lines[1].split()[4]} has no step 'los'; did you mean loss?",
        "all:5: scenarios[1]: set[1]: loss.by: must be step.param=value",
        lines[3].split(", got")[0],
        "all:6: scenarios[2]: evry: unknown key; known: experiment, set",
        "all:6: scenarios[2]: set[0]: delete.every: must be at least 1",
    ]
    assert lines[3].startswith("all:5: scenarios[1]: set[2]: loss.at: must be a time")
    assert not any("--set" in line for line in lines)


def test_a_setting_that_breaks_a_rule_elsewhere_is_told_with_the_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = said(capsys, tmp_path, "{experiment: smoke, set: [idle_drop.min_closed=1, idle_drop.at=50m]}")
    assert line == "all:4: scenarios[0]: set[1]: idle_drop.at: starts at 50m, but the play ends at 21 s"


def test_a_mistake_of_the_experiment_itself_stays_in_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    night = tmp_path / "night.yaml"
    night.write_text(GOOD.replace("availability: 99%", "availability: 990%"))
    lines = said(capsys, tmp_path, f"{{experiment: {night}, set: [drop.hold=x]}}")
    of_suite, of_experiment = lines
    assert of_suite.startswith("all:4: scenarios[0]: set[0]: drop.hold: must be a time")
    assert of_experiment.startswith(f"midnight: {night}:11: slo 'availability'")


@pytest.mark.parametrize("name", ["dr-drill", "restore-mine"])
def test_a_scenario_is_an_experiment_and_no_other_kind_of_file(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = said(capsys, tmp_path, f"{{experiment: {name}}}")
    assert line.startswith("all:4: scenarios[0]: experiment: must be an experiment with a load; ")


def test_a_sound_suite_with_settings_is_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(f"{HEAD}  - {{experiment: drill-delete, set: [delete.every=2, delete.hold=2s]}}\n")
    done = typed(capsys, "validate", str(file))
    assert (done.code, done.out) == (0, f"{file}: valid experiment\n")
