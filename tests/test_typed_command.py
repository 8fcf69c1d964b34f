"""The next command is printed as it can be typed: by its path where a shell would not find it."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.console.typed import as_typed


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    program = tmp_path / ".venv/bin/midnight"
    program.touch(mode=0o755)
    monkeypatch.setattr("sys.argv", [str(program), "run", "midnight"])
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("place")
def test_below_the_working_directory_it_is_named_from_there() -> None:
    assert as_typed("midnight explain latest") == ".venv/bin/midnight explain latest"


def test_elsewhere_it_is_named_by_its_whole_path(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "elsewhere").mkdir()
    monkeypatch.chdir(place / "elsewhere")
    assert as_typed("midnight list") == f"{place}/.venv/bin/midnight list"


def test_on_path_its_name_is_enough(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(place / ".venv/bin"))
    assert as_typed("midnight list") == "midnight list"


@pytest.mark.usefixtures("place")
def test_a_command_of_another_program_stays() -> None:
    assert as_typed("curl http://127.0.0.1:8000/") == "curl http://127.0.0.1:8000/"


@pytest.mark.usefixtures("place")
def test_another_program_that_calls_midnight_names_it_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/usr/bin/python3"])
    assert as_typed("midnight list") == "midnight list"
