"""A disk that takes no more records costs no verdict: one line says what to free, and the verdict is told."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from rich.console import Console

from chaos.checks.judged import Judged
from chaos.checks.result import RunResult
from chaos.checks.verdict import Verdict, judge
from chaos.cli.run import _show
from chaos.errors import ExitCode
from chaos.play import playing
from chaos.play.experiment import OneExperiment
from chaos.play.gating import Outputs
from chaos.record import store
from chaos.record.journal import Event
from chaos.reports import html, junit
from tests.attach.conftest import service
from tests.attach.files import experiment, target
from tests.attach.service import Service
from tests.checks.synthetic import Night
from tests.gate.planted import gate, judged
from tests.gate.planted import played as run_of_a_gate
from tests.midnight import Midnight
from tests.real.healing import wait_for

__all__ = ["service"]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="a file system is mounted, which takes root")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mounts a file system of so many megabytes where the reports of `midnight` go."""
    made: list[Path] = []

    def mount(megabytes: int) -> Path:
        place = tmp_path / "reports"
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", place], check=True)
        made.append(place)
        return place

    yield mount
    for place in made:
        subprocess.run(["umount", "-l", place], check=False, capture_output=True)


def fill(place: Path) -> None:
    """Until nothing is left."""
    with (place / "somebody's").open("wb") as file:
        while free := shutil.disk_usage(place).free:
            with suppress(OSError):  # the run has written meanwhile
                os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), free)


def longer(midnight: Midnight) -> str:
    path = experiment(midnight)
    text = Path(path).read_text().replace("for: 2s", "for: 6s")
    return midnight.file("tiny.yaml", text)


def playing_has_begun(event: Event) -> bool:
    return (event.source, event.name, event.phase) == ("run", "play", "begun")


@as_root
@pytest.mark.real
@pytest.mark.wide
def test_a_disk_that_is_too_small_is_refused_before_the_play_with_the_space_to_free(
    midnight: Midnight, service: Service, small: Callable[[int], Path]
) -> None:
    small(3)
    done = midnight("run", experiment(midnight), "--target", target(midnight, service.url))
    assert (done.code, midnight.runs) == (2, [])
    assert "more than half of the free disk of" in done.err and "MB more\n" in done.err
    assert done.err.count("\n") == 1


@as_root
@pytest.mark.real
@pytest.mark.wide
def test_a_disk_that_fills_up_ends_the_run_with_one_line_and_loses_no_verdict(
    midnight: Midnight, service: Service, small: Callable[[int], Path]
) -> None:
    place = small(40)
    process = midnight.start("run", longer(midnight), "--target", target(midnight, service.url))
    wait_for(midnight, process, playing_has_begun)
    fill(place)
    assert process.wait(120) == 5
    told = (midnight.place / "output").read_text()
    assert "Traceback" not in told and "OSError" not in told, told
    assert "the disk is full" in told and "free at least 8 MB there, or set MIDNIGHT_REPORTS" in told
    assert midnight.verdict["exit_code"] == 5 and midnight.verdict["headline"] in told
    assert midnight.run.report.exists() and not (midnight.run.path / "reserve").exists()


@pytest.mark.full
@as_root
@pytest.mark.real
@pytest.mark.wide
def test_a_read_only_directory_is_refused_with_what_to_do(
    midnight: Midnight, service: Service, small: Callable[[int], Path]
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small(40)], check=True)
    done = midnight("run", experiment(midnight), "--target", target(midnight, service.url))
    assert (done.code, midnight.runs) == (2, [])
    assert "the file system is read-only; remount it read-write, or set MIDNIGHT_REPORTS" in done.err


@pytest.mark.full
@as_root
@pytest.mark.real
@pytest.mark.wide
def test_a_directory_that_is_unmounted_meanwhile_is_one_line_and_everything_is_undone(
    midnight: Midnight, service: Service, small: Callable[[int], Path]
) -> None:
    place = small(40)
    process = midnight.start("run", longer(midnight), "--target", target(midnight, service.url))
    wait_for(midnight, process, playing_has_begun)
    subprocess.run(["umount", "-l", place], check=True)
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 5
    told = (midnight.place / "output").read_text()
    assert "Traceback" not in told, told
    assert "no longer exists" in told, told
    assert list((midnight.place / "state/midnight/unhealed").iterdir()) == []


@pytest.fixture
def full(small: Callable[[int], Path]) -> tuple[store.RunDir, Verdict]:
    """A stored run on a disk with no byte left, and its verdict."""
    place = small(2)
    experiment, journal = Night().write(place / "night/run")
    verdict = judge(Judged(experiment, journal))
    fill(place)
    return journal.run, verdict


@as_root
def test_a_verdict_that_cannot_be_written_is_printed_and_keeps_its_code(
    full: tuple[store.RunDir, Verdict], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, verdict = full
    monkeypatch.setattr(playing, "_remember", list)
    played = playing.concluded(
        RunResult(run, ExitCode.PASS, verdict), lambda it: playing.write(run, it, drill=False)
    )
    assert played.exit_code == 0 and not run.verdict.exists()
    (line,) = played.errors
    assert line.startswith(f"could not write the report: {run.path}: the disk is full (0.0 MB free); free")
    _show(OneExperiment(Path()), played, Console(stderr=True), True)
    assert '"headline": "PASS' in capsys.readouterr().out
    assert list(run.path.glob("*.part")) == []


def test_a_report_that_dies_costs_neither_the_verdict_nor_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment, journal = Night().write(tmp_path)
    verdict = judge(Judged(experiment, journal))
    monkeypatch.setattr(playing, "_remember", list)
    monkeypatch.setattr(html, "write_report", lambda *_: 1 / 0)
    played = playing.concluded(
        RunResult(journal.run, ExitCode.PASS, verdict), lambda it: playing.write(journal.run, it, drill=False)
    )
    assert (played.exit_code, played.errors) == (
        0,
        ("could not write the report: ZeroDivisionError: division by zero",),
    )
    assert journal.run.verdict.exists()


def test_a_gate_format_that_fails_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit, "render", lambda _: 1 / 0)
    files = Outputs(*(tmp_path / name for name in ("junit.xml", "gate.md", "gate.json")))
    (failure,) = files.write(gate(judged(run_of_a_gate())))
    assert failure == f"could not write {tmp_path / 'junit.xml'}: ZeroDivisionError: division by zero"
    assert (tmp_path / "gate.md").exists() and (tmp_path / "gate.json").exists()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.EDQUOT, "the disk quota is exceeded"),
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "remount it read-write, or set MIDNIGHT_REPORTS"),
        (errno.ESTALE, "mount it again, or set MIDNIGHT_REPORTS"),
        (errno.EACCES, "cannot write: Permission denied; grant access, or set MIDNIGHT_REPORTS"),
    ],
)
def test_a_disk_error_is_one_line_with_a_remedy(tmp_path: Path, number: int, expected: str) -> None:
    said = store.why_not_written(OSError(number, os.strerror(number)), tmp_path)
    assert said.startswith(f"{tmp_path}: ") and expected in said and "\n" not in said
