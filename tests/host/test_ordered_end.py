"""A job of the team's is asked to end before it is killed, and how it ended is told."""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.host import kill_marked, ordered_end
from chaos.host.ordered_end import end_in_order
from chaos.host.processes import marked, spawn, stop_marked

CLEANS = """
import signal, sys, time, pathlib
def clean(number, frame):
    pathlib.Path(sys.argv[1]).unlink()
    sys.exit(0)
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(getattr(signal, sys.argv[2]), clean)
print('ready', flush=True)
time.sleep(60)
"""


@pytest.fixture
def mark() -> Iterator[str]:
    name = f"test-{secrets.token_hex(4)}"
    yield name
    stop_marked(name, grace=0)


@pytest.fixture
def half(tmp_path: Path) -> Path:
    """A half-made backup, which its tool removes when it is asked to end."""
    (tmp_path / "half").touch()
    return tmp_path / "half"


def job(mark: str, half: Path, listens_to: str) -> subprocess.Popen[bytes]:
    child = spawn([sys.executable, "-c", CLEANS, half, listens_to], mark=mark, stdout=subprocess.PIPE)
    assert child.stdout is not None and child.stdout.readline() == b"ready\n"
    return child


def test_a_tool_cleans_up_on_sigint(mark: str, half: Path) -> None:
    child = job(mark, half, "SIGINT")
    assert end_in_order(mark) == {"processes_stopped": 1, "ended": "after SIGINT"}
    assert child.wait(1) == 0 and not half.exists()


def test_a_job_that_ignores_sigint_gets_sigterm(mark: str, half: Path) -> None:
    child = job(mark, half, "SIGTERM")
    told = end_in_order(mark, ((signal.SIGINT, 0.2), (signal.SIGTERM, 20.0)))
    assert told == {"processes_stopped": 1, "ended": "after SIGTERM"}
    assert child.wait(1) == 0 and not half.exists()


def test_a_job_that_ignores_every_signal_is_reported_as_killed(mark: str, half: Path) -> None:
    child = job(mark, half, "SIGUSR1")
    told = end_in_order(mark, ((signal.SIGINT, 0.1),))
    assert told["ended"].startswith("killed: it was still running 0.1 s after the first signal")
    assert child.wait(1) == -signal.SIGKILL and marked(mark) == []


def test_a_job_that_ended_by_itself_is_reported_so(mark: str) -> None:
    assert end_in_order(mark) == {"processes_stopped": 0, "ended": "by itself"}


def test_a_tool_in_a_container_cleans_up_on_sigint_too(mark: str, half: Path) -> None:
    child = job(mark, half, "SIGINT")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "chaos.host.kill_marked"],
        input=f"{mark}\n".encode(),
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout) == {"stopped": 1, "ended": "after SIGINT"}
    assert child.wait(1) == 0 and not half.exists()


def test_both_implementations_end_a_job_alike_and_within_the_time_of_an_undo() -> None:
    waits = dict(ordered_end.ASKED)
    assert list(kill_marked.ASKED.values()) == [0.0, waits[signal.SIGINT], sum(waits.values())]
    assert kill_marked.PATIENCE < 60
