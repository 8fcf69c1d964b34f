"""A job of the team's own is played, whatever it prints, and judged by how it ends and what it used."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from chaos.checks.finding import Outcome
from chaos.faults.batch_job import BatchJob
from chaos.plugin.handles import Handles, Job, JobExpects
from tests.path.acting import Played, made, played
from tests.waiting import wait_until

pytestmark = pytest.mark.real

WORK = "import time\nwhile time.process_time() < 0.3: pass\n"
PRINTED = [
    "42",
    "null",
    "[1, 2]",
    '"text"',
    "not JSON at all",
    "",
    '{"phase": "done"}',
    "\xff",
    "x" * 100_000,
]


def play(
    place: Path,
    *argv: str,
    seconds: float = 20.0,
    cut: bool = False,
    expect: JobExpects | None = None,
    values: Mapping[str, str] | None = None,
    **params: object,
) -> Played:
    job = Job(argv, dict(os.environ), place, expect=expect or JobExpects(), values=values or {})
    fault = made("batch_job", Handles(jobs={"nightly": job}), **params)
    return played(fault, place, seconds=seconds, cut=cut)


@pytest.mark.parametrize("text", PRINTED, ids=[repr(text[:16]) for text in PRINTED])
def test_a_job_may_print_anything(tmp_path: Path, text: str) -> None:
    done = play(tmp_path, sys.executable, "-c", f"{WORK}print({text!r}.encode('utf-8', 'replace').decode())")
    assert done.outcome is Outcome.PASS, done
    assert done.held.evidence["ended"] == "completed" and done.held.dose["cpu_seconds"] >= 0.29


def test_the_processor_time_of_its_children_counts(tmp_path: Path) -> None:
    two = f"import subprocess, sys\nfor _ in range(2): subprocess.run([sys.executable, '-c', {WORK!r}])"
    done = play(tmp_path, sys.executable, "-c", two)
    assert done.held.dose["cpu_seconds"] >= 0.58, done


def test_a_child_that_keeps_its_output_open_is_not_waited_for(tmp_path: Path) -> None:
    daemon = f"import subprocess, sys\n{WORK}subprocess.Popen(['sleep', '600'])"
    done = play(tmp_path, sys.executable, "-c", daemon)
    assert done.outcome is Outcome.PASS, done


def test_a_job_gets_none_of_midnights_options(tmp_path: Path) -> None:
    done = play(tmp_path, sys.executable, "-c", f"{WORK}import sys; print(sys.argv[1:])")
    assert done.held.evidence["last_lines"] == ["[]"]


def test_a_job_that_does_nothing_proves_nothing(tmp_path: Path) -> None:
    done = play(tmp_path, "true")
    assert done.outcome is Outcome.UNKNOWN and "(at least 10 ms needed)" in done.because, done


def test_a_job_that_fails_is_below_the_floor_and_reported_with_its_last_words(tmp_path: Path) -> None:
    done = play(tmp_path, "sh", "-c", "echo no such table; exit 3")
    assert done.outcome is Outcome.UNKNOWN and "the job did not complete" in done.because
    assert done.held.evidence["ended"] == "exit code 3: no such table"


@pytest.fixture
def sigint_heard() -> Iterator[None]:
    """A process in the background ignores SIGINT, and so does each shell that it starts, whatever it traps."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("sigint_heard")
@pytest.mark.parametrize("params", [{"deadline": "300ms"}, {}], ids=["deadline", "hold"])
def test_a_job_that_does_not_end_is_ended_in_order_and_reported(
    tmp_path: Path, params: dict[str, object]
) -> None:
    # it minds SIGINT alone: on a busy machine it has the patience for both signals to tidy up
    tidy = "trap 'echo tidied > tidied; exit 1' INT; trap '' TERM; : > begun; while :; do sleep 0.05; done"
    job = Job(("sh", "-c", tidy), dict(os.environ), tmp_path)
    fault = made("batch_job", Handles(jobs={"nightly": job}), **params)
    begun = (tmp_path / "begun").exists
    done = played(
        fault,
        tmp_path,
        first=lambda: wait_until(begun),
        seconds=20.0 if params else 0.5,
        cut=False,
    )
    assert done.outcome is Outcome.UNKNOWN and "was still running after" in done.because, done
    assert (tmp_path / "tidied").read_text() == "tidied\n"


def test_a_missing_command_is_reported_in_one_line(tmp_path: Path) -> None:
    job = Job(("/nowhere/nightly",), dict(os.environ), tmp_path)
    fault = made("batch_job", Handles(jobs={"nightly": job}))
    undo = fault.prepare()
    with pytest.raises(Exception, match="/nowhere/nightly: No such file or directory"):
        fault.inject()
    BatchJob.undo(undo)
