"""`midnight show` prints whatever has a name: experiment, target, profile, fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos import cli
from chaos.plugin import registry
from chaos.spec import named_files


def show(name: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(["show", name])
    return int(ended.value.code or 0)


@pytest.mark.parametrize("folder", ["experiments", "targets", "targets/profiles"])
def test_a_file_is_printed_as_it_is(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name, path in named_files.available(folder).items():
        assert show(name) == 0
        assert capsys.readouterr().out == f"# {path}\n{path.read_text()}"


@pytest.mark.parametrize("name", registry.names("faults"))
def test_a_fault_is_printed_with_each_key_and_its_default(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(f"fault:{name}") == 0
    said = capsys.readouterr().out
    for key, field in registry.fault(name).Params.model_fields.items():
        assert f"  {field.alias or key}: " in said


def test_a_name_of_two_kinds_prints_the_first_and_says_how_to_get_the_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert show("exhaust") == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[1].startswith("#")
    assert said.err == "midnight: also a fault: midnight show fault:exhaust\n"


def test_an_unknown_name_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert show("idle_dorp") == 2
    assert "idle_drop" in capsys.readouterr().err


def test_a_broken_experiment_is_refused_not_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "night.yaml").write_text("name: night\n")
    assert show(str(tmp_path / "night.yaml")) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("idle_drop", "proxy 'database' (with the values above)"),
        ("pause", "container 'api' or process 'api' (with the values above)"),
        ("logrotate", "logs"),
    ],
)
def test_what_a_fault_needs_of_the_target_is_in_words(
    name: str, needs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(f"fault:{name}") == 0
    assert capsys.readouterr().out.endswith(f"\n# the target needs: {needs}\n")
