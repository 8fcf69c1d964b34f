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
        "all:5: scenarios[1]: set[1]: must be step.param=value",
        lines[3].split(", got")[0],
        "all:6: scenarios[2]: evry: unknown key; known: experiment, set",
        "all:6: scenarios[2]: set[0]: delete.every: must be at least 1",
    ]
    assert lines[3].startswith("all:5: scenarios[1]: set[2]: loss.at: must be a time")
    assert not any("--set" in line for line in lines)


def test_a_list_of_experiments_is_taken_for_a_suite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(HEAD.replace("scenarios", "experiments") + "  - {experiment: smoke}\n")
    line = refusal(capsys, "validate", str(file)).strip()
    assert line == f"midnight: {file}:3: experiments: unknown key; did you mean `scenarios`?"


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


BAD = {
    "no list": (
        "name: all\ntitle: All\nscenarios: {experiment: smoke}\n",
        ["3: scenarios: must be a list ("],
    ),
    "an empty list": (
        f"{HEAD.rstrip()} []\n",
        ["3: scenarios: must have at least 1 entry ([a] or a line that"],
    ),
    "nothing below the key": (HEAD, ["3: scenarios: is empty: must be a list ("]),
    "a misspelt key": (
        HEAD.replace("scenarios", "scenario") + "  - {experiment: smoke}\n",
        ["3: scenario: unknown key; did you mean `scenarios`?\n"],
    ),
    "a name twice": (f"name: all\n{HEAD}  - {{experiment: smoke}}\n", ["2: duplicate key 'name'\n"]),
    "no key in front": ("- {experiment: smoke}\n", ["1: must be keys with values (key: value), not a list"]),
    "names only": (
        f"{HEAD}  - smoke\n  - {{experiment: 7}}\n  - {{set: [drop.hold=1s]}}\n",
        [
            "4: scenarios[0]: must be {experiment: smoke}, got 'smoke'",
            '5: scenarios[1]: experiment: must be text: put it in quotes ("..."), got 7',
            "6: scenarios[2]: experiment: is required",
        ],
    ),
    "settings that are no list of texts": (
        f"{HEAD}  - {{experiment: smoke, set: drop.hold=1s}}\n  - {{experiment: smoke, set: [{{drop: 1}}, 5]}}\n",
        [
            "4: scenarios[0]: set: must be a list ([a, b] or lines that begin with -), got 'drop.hold=1s'",
            "5: scenarios[1]: set[0]: must be text, not keys with values",
            '5: scenarios[1]: set[1]: must be text: put it in quotes ("..."), got 5',
        ],
    ),
    "options of the command": (
        f"seed: 3\n{HEAD}  - {{experiment: smok, target: docker}}\n",
        [
            "1: seed: unknown key; known: name, title, scenarios; give --seed to `midnight run` instead",
            "5: scenarios[0]: target: unknown key; known: experiment, set; give --target to `midnight run`",
            "5: scenarios[0]: experiment: no file 'smok' in experiments/; did you mean smoke?",
        ],
    ),
    "settings line by line": (
        f"{HEAD}  - experiment: smoke\n    set:\n      - idle_drop.hold=1s\n      - idle_drop.fault=pause\n"
        '      - ""\n      - idle_drop.hold=\n',
        [
            "7: scenarios[0]: set[1]: idle_drop.fault: unknown key; known: by, proxy, after_idle",
            "8: scenarios[0]: set[2]: must be step.param=value, got ''",
            "9: scenarios[0]: set[3]: idle_drop.hold: is empty: must be a time such as 90s",
        ],
    ),
    "a path that leads nowhere": (
        f"{HEAD}  - {{experiment: nowhere.yaml}}\n",
        ["4: scenarios[0]: experiment: nowhere.yaml: no such file in /"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_each_mistake_has_its_line_what_is_wrong_and_what_to_type(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, says = BAD[case]
    file = tmp_path / "all.yaml"
    file.write_text(text)
    lines = refusal(capsys, "validate", str(file)).splitlines(keepends=True)
    assert len(lines) == len(says), lines
    for line, words in zip(lines, says, strict=True):
        assert line.startswith(f"midnight: {file}:{words}")


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
    assert (done.code, done.out) == (0, f"{file}: valid suite\n")
