"""What docs/leaks.md shows for a service of one's own can be typed as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.midnight import PROJECT
from tests.typed import refusal, typed

pytestmark = pytest.mark.usefixtures("own_place")

TEXT = (PROJECT / "docs/leaks.md").read_text()
SECTION = TEXT.partition("<!-- foreign -->")[2].partition("<!-- /foreign -->")[0]
TARGET, EXPERIMENT = re.findall(r"```yaml\n(.*?)```", SECTION, re.S)


@pytest.mark.parametrize("consent", ["", ", witness: true"])
def test_its_target_and_its_experiment_fit_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], consent: str
) -> None:
    target, experiment = tmp_path / "shop.yaml", tmp_path / "shop-leaks.yaml"
    target.write_text(TARGET.replace("2027-01-31}", f"2027-01-31{consent}}}", 1))
    experiment.write_text(EXPERIMENT)
    done = typed(capsys, "validate", str(experiment), "--target", str(target))
    assert (done.code, done.err) == (0, "")


def test_a_target_without_processes_is_refused_with_the_line_to_add(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target, experiment = tmp_path / "shop.yaml", tmp_path / "shop-leaks.yaml"
    target.write_text(TARGET.partition("  processes:")[0])
    experiment.write_text(EXPERIMENT)
    said = refusal(capsys, "run", str(experiment), "--target", str(target), "--dry-run")
    assert "such as: processes: {api: {name: NAME}}" in said


def test_a_role_of_another_name_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, experiment = tmp_path / "shop.yaml", tmp_path / "shop-leaks.yaml"
    target.write_text(TARGET.replace("    api:", "    web:"))
    experiment.write_text(EXPERIMENT)
    argv = ("run", str(experiment), "--target", str(target), "--dry-run")
    assert "offers no process of this role; known: web" in refusal(capsys, *argv)
    experiment.write_text(EXPERIMENT.replace("  rounds:\n", "  rounds:\n    roles: [web]\n"))
    assert typed(capsys, *argv).code == 0


@pytest.mark.parametrize(
    ("pprof", "words"),
    [
        ('"{metrics}"', "pprof: {metrics} is not an address of this target; known: base_url"),
        ("http://elsewhere.example:6060", "elsewhere.example is not this machine and not listed in `allow`"),
    ],
)
def test_a_pprof_that_cannot_be_reached_is_refused_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pprof: str, words: str
) -> None:
    target, experiment = tmp_path / "shop.yaml", tmp_path / "shop-leaks.yaml"
    target.write_text(f"{TARGET}pprof: {pprof}\n")
    experiment.write_text(EXPERIMENT)
    assert words in refusal(capsys, "validate", str(experiment), "--target", str(target))
