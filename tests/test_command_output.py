"""What a runbook's command prints is kept beside the journal, without the secrets that it may have found."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from chaos.errors import TargetError
from chaos.record import redact
from chaos.record.redact import MASK
from chaos.record.store import RunDir
from chaos.run import commands
from chaos.run.commands import run_command

URL = "http://127.0.0.1:1"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDir:
    known = redact.Known()
    known.learn(["Xy7@Zw9qKk"])
    monkeypatch.setattr(commands, "known", known)
    run = RunDir(tmp_path / "20261126T235900Z-a1b2c3")
    run.path.mkdir()
    return run


def test_the_whole_output_is_kept_and_its_secrets_are_masked(run: RunDir) -> None:
    script = (
        "i=0; while [ $i -lt 30000 ]; do echo line $i of many; i=$((i+1)); done; printf 'host Zw9qKk, no end'"
    )
    done = run_command(run, URL, "repair", ("sh", "-c", script), threading.Event())
    text = run.output("repair").read_text()
    assert len(text.splitlines()) == 30001
    assert text.endswith(f"line 29999 of many\nhost {MASK}, no end")
    assert done["output"].endswith(f"host {MASK}, no end")
    assert [file.name for file in run.path.iterdir()] == ["repair.log"]


def test_a_failing_command_is_reported_in_its_own_words_without_secrets(run: RunDir) -> None:
    with pytest.raises(TargetError, match=f"sh: exit code 3: no host {MASK}"):
        run_command(run, URL, "repair", ("sh", "-c", "echo no host Zw9qKk >&2; exit 3"), threading.Event())


def test_a_command_that_does_not_exist_is_named(run: RunDir) -> None:
    with pytest.raises(TargetError, match="no-such-command: No such file"):
        run_command(run, URL, "repair", ("no-such-command",), threading.Event())
