"""Whatever becomes of the output, the exit code is the command's own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chaos import cli
from chaos.run import signals
from tests.typed import refusal, typed

MIDNIGHT = f"{sys.executable} -P -c 'from chaos.cli import main; main()'"


@pytest.mark.parametrize(
    "output",
    [
        *(">/dev/full 2>&1", ">&-", "| head -c 1"),
        *(pytest.param(further, marks=pytest.mark.full) for further in (">/dev/full", ">&- 2>&-")),
    ],
)
def test_a_broken_file_is_2_wherever_the_output_goes(output: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: [")
    many = " ".join(["bad.yaml", *[f"{Path(cli.__file__).parents[2]}/experiments/smoke.yaml"] * 9])
    command = f"set -o pipefail; {MIDNIGHT} validate {many} {output}"
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])}
    ended = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert ended.returncode == 2, ended.stderr


def test_a_run_begun_to_outlive_its_terminal_does() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert signal.SIGHUP not in signals.signals()
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        assert signal.SIGHUP in signals.signals()
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("command", [["halt", "on"], ["run", "smoke"]])
def test_an_impossible_state_directory_is_reported_in_one_line(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert "cannot write" in refusal(capsys, *command)


def test_an_impossible_reports_directory_is_reported_in_one_line(
    own_place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_place / "file").touch()
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(own_place / "file"))
    assert f"{own_place / 'file'}: cannot write" in refusal(capsys, "run", "smoke")


def test_a_list_in_a_pipe_has_one_line_for_each_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = typed(capsys, "list").out.splitlines()
    (drill,) = [line for line in lines if line.startswith("dr-drill")]
    assert "drill-failover, drill-restore, drill-cut-off, drill-delete  The monthly" in drill
