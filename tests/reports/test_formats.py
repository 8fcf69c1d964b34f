"""`midnight report --format`: the shipped formats and those of plug-ins; one that fails costs one line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.plugging import install
from tests.reports.stored_run import write_run
from tests.typed import exit_code

GOOD = """
from chaos.reports import Format

plugged = Format("tally", "tally.txt", lambda judged: f"{judged.verdict.outcome}: {len(judged.verdict.findings)}\\n")
"""


@pytest.fixture
def run(own_place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delitem(sys.modules, "midnight_tally", raising=False)
    return write_run(own_place / "reports/midnight/20261101T020000Z-abcdef").path


def plug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, name: str = "tally") -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    install(tmp_path, "reports", name, text)


def report(*arguments: str) -> int:
    return exit_code("report", *arguments)


def test_a_format_of_a_plug_in_writes_its_file(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plug(tmp_path, monkeypatch, GOOD)
    assert report(str(run), "--format", "tally") == 0
    assert capsys.readouterr().out.strip() == str(run / "tally.txt")
    assert (run / "tally.txt").read_text().startswith("fail: ")


def test_json_goes_where_the_user_says_and_leaves_the_stored_verdict_alone(run: Path, tmp_path: Path) -> None:
    before = sorted(run.iterdir())
    assert report(str(run), "--format", "json", "--output", str(tmp_path / "out.json")) == 0
    assert json.loads((tmp_path / "out.json").read_text())["verdict"] == "fail"
    assert sorted(run.iterdir()) == before


def test_a_file_that_cannot_be_written_is_one_line(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(str(run), "--format", "json", "--output", str(tmp_path / "no/out.json")) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_an_unknown_format_is_refused_with_those_there_are(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plug(tmp_path, monkeypatch, GOOD)
    assert report(str(run), "--format", "pdf") == 2
    assert (
        capsys.readouterr().err
        == "midnight: unknown report format 'pdf'; known: html, json, openmetrics, tally\n"
    )


@pytest.mark.parametrize(
    ("text", "code", "because"),
    [
        (GOOD.replace('f"', '1 / 0 or f"'), 5, "cannot render this run: ZeroDivisionError"),
        (
            GOOD.replace("lambda judged: ", "lambda judged: [] or None and "),
            5,
            "cannot render this run: TypeError",
        ),
        ("import no_such_module\n", 2, "ModuleNotFoundError: No module named 'no_such_module'"),
        ("plugged = print\n", 2, "must be a Format, got <built-in"),
        (GOOD.replace('"tally.txt"', '"verdict.json"'), 2, "must be a name that no file of a run has"),
        (GOOD.replace('"tally.txt"', '"../tally.txt"'), 2, "must be a name that no file of a run has"),
        (GOOD.replace('"tally",', '"other",'), 2, "must have the name 'tally', got 'other'"),
    ],
)
def test_one_that_fails_is_one_line_and_leaves_nothing(
    text: str,
    code: int,
    because: str,
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plug(tmp_path, monkeypatch, text)
    before = sorted(run.iterdir())
    assert report(str(run), "--format", "tally") == code
    told = capsys.readouterr()
    assert because in told.err and told.err.count("\n") == 1 and told.out == ""
    assert sorted(run.iterdir()) == before


def test_a_plug_in_cannot_replace_a_shipped_format(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(tmp_path, monkeypatch, GOOD, name="json")
    assert report(str(run), "--format", "json") == 0
    assert json.loads((run / "report.json").read_text())["verdict"] == "fail"
