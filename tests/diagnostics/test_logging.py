"""Diagnostic logging: off by default, on by -v and MIDNIGHT_LOG, and never at the cost of the command."""

from __future__ import annotations

import io
import json
import logging
import os
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.cli import diagnostics
from chaos.errors import UsageError
from chaos.record import redact
from chaos.record.redact import MASK
from chaos.tools import doctor
from chaos.tools.part import Missing
from tests.typed import exit_code

log = logging.getLogger("chaos.some.module")


class Absent:
    """A part that is not there."""

    NAME, REQUIRED = "Alpha", False

    def find(self) -> Missing:
        return Missing("Alpha", "it is not here", "type: get alpha")


@pytest.fixture(autouse=True)
def one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PARTS", [Absent()])
    monkeypatch.delenv(diagnostics.VARIABLE, raising=False)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "midnight.log"
    monkeypatch.setenv(diagnostics.VARIABLE, str(path))
    return path


def test_logging_is_off_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("doctor", "--json") == 0
    assert capsys.readouterr().err == ""
    assert not log.isEnabledFor(logging.INFO)


@pytest.mark.parametrize("words", [("-v", "doctor", "--json"), ("doctor", "--json", "--verbose")])
def test_verbose_works_before_or_after_the_command_and_leaves_standard_output_alone(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(*words) == 0
    said = capsys.readouterr()
    assert [part["part"] for part in json.loads(said.out)] == ["Alpha"]
    assert "chaos.tools.doctor: Alpha: cannot be used: it is not here" in said.err
    assert said.err.count("chaos.cli.diagnostics: midnight ") == 1
    assert "exit code 0" in said.err


def test_verbose_works_after_a_command_of_a_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("schedule", "validate", "-v", "/no/such/file.yaml") == 2
    said = capsys.readouterr().err.splitlines()
    assert " DEBUG chaos.cli.diagnostics: midnight " in said[0]
    assert said[-1].startswith("midnight: /no/such/file.yaml")


def test_the_log_ends_with_the_command(file: Path) -> None:
    before = list(logging.getLogger().handlers)
    exit_code("-v", "doctor")
    log.info("afterwards")
    assert logging.getLogger().handlers == before
    assert not log.isEnabledFor(logging.INFO)
    assert "afterwards" not in file.read_text()


def test_the_file_is_its_owners_alone_and_is_appended_to(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code("doctor", "--json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first = file.read_text()
    exit_code("doctor", "--json")
    assert file.read_text().startswith(first) and len(file.read_text()) > len(first)
    assert capsys.readouterr().err == ""


def unwritable(place: Path) -> Path:
    return place / "no directory" / "midnight.log"


def pipe(place: Path) -> Path:
    os.mkfifo(place / "pipe")
    return place / "pipe"


@pytest.mark.parametrize("made", [unwritable, pipe, Path])
def test_a_file_that_cannot_be_appended_to_is_one_line_and_code_2(
    made: Callable[[Path], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = made(tmp_path)
    monkeypatch.setenv(diagnostics.VARIABLE, str(path))
    assert exit_code("doctor") == 2
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 1
    assert said.err.startswith(f"midnight: MIDNIGHT_LOG: {path}: ")


def test_secrets_are_masked_in_messages_arguments_and_tracebacks(file: Path) -> None:
    redact.known.learn(["Xy7@Zw9qKk"])
    with pytest.raises(ZeroDivisionError), diagnostics.session():
        log.debug("of %s and %s", "Zw9qKk", "postgresql://shop:unlearnt1@db/orders")
        raise ZeroDivisionError("by Xy7@Zw9qKk")
    text = file.read_text()
    assert f"of {MASK} and postgresql://{MASK}@db/orders" in text
    assert f"ZeroDivisionError: by {MASK}" in text
    assert "Zw9qKk" not in text and "unlearnt1" not in text


def test_the_message_of_a_cause_may_quote_a_file_and_is_left_out(file: Path) -> None:
    with pytest.raises(UsageError), diagnostics.session():
        try:
            raise ValueError("quoted from the file")
        except ValueError as error:
            raise UsageError("said in one line") from error
    text = file.read_text()
    assert "UsageError: said in one line" in text and "after ValueError:" in text
    assert "quoted from the file" not in text.replace('raise ValueError("quoted from the file")', "")


def test_a_logged_message_cannot_forge_a_line(file: Path) -> None:
    with diagnostics.session():
        log.info("first\n2026-01-01T00:00:00.000Z 1 INFO chaos: second")
    assert all("Z 1 INFO chaos" not in line or "first\\x0a" in line for line in file.read_text().splitlines())


def test_an_uncaught_exception_is_in_the_file_and_once_on_standard_error(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("chaos.plan.build.build", lambda *_: 1 / 0)
    assert exit_code("-v", "run", "smoke") == 5
    assert "ZeroDivisionError" in file.read_text()
    assert capsys.readouterr().err.count("ZeroDivisionError") == 1


def test_warnings_of_libraries_reach_standard_error_once(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with diagnostics.session():
        logging.getLogger("apscheduler.scheduler").error("it broke")
        logging.getLogger("httpx").info("not asked for")
    assert "ERROR apscheduler.scheduler: it broke" in file.read_text()
    assert "not asked for" not in file.read_text()
    assert "it broke" in capsys.readouterr().err


class Full(io.StringIO):
    def write(self, text: str) -> int:
        del text
        raise OSError(28, "No space left on device")


def test_a_full_disk_ends_the_log_with_one_line_and_not_the_command(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "fdopen", lambda *_, **__: Full())
    with diagnostics.session():
        log.info("one")
        log.info("two")
    said = capsys.readouterr().err
    assert (
        said.count(f"midnight: MIDNIGHT_LOG: {file}: [Errno 28] No space left on device; logging stops") == 1
    )
    assert "Traceback" not in said


class Hung(io.StringIO):
    """A terminal that was stopped with Ctrl-S, until `go`."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.reached.set()
        self.go.wait()
        return super().write(text)


def test_a_terminal_that_hangs_holds_up_nothing_that_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    hung = Hung()
    monkeypatch.setattr(sys, "stderr", hung)
    with diagnostics.session():
        diagnostics.show(True)
        assert hung.reached.wait(10)
        log.info("returns")  # it would never return, if it waited for the terminal
        assert hung.getvalue() == ""
        hung.go.set()
    assert "returns" in hung.getvalue()


def test_a_bad_file_raises_before_anything_is_switched_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(diagnostics.VARIABLE, str(tmp_path))
    before = list(logging.getLogger().handlers)
    with pytest.raises(UsageError), diagnostics.session():
        pass
    assert logging.getLogger().handlers == before
