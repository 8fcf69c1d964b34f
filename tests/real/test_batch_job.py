"""How the nightly job ended is known, not guessed."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chaos.faults.batch_job import BatchJob, BatchJobParams
from chaos.host import oom
from chaos.plugin.fault import Held
from chaos.plugin.handles import Handles, Job

pytestmark = pytest.mark.real


MEMORY = Path("/sys/fs/cgroup/memory")
STARTED = 'print(\'{"phase": "started"}\', flush=True)'
HUNGRY = f"import os; {STARTED}; open(os.environ['GROUP'] + '/cgroup.procs', 'w').write('0'); b'x' * 10**9"
PATIENT = f"import time; {STARTED}; time.sleep(600)"


@pytest.fixture
def group() -> Iterator[Path]:
    """A memory cgroup of 50 MB."""
    if not os.access(MEMORY / "cgroup.procs", os.W_OK):
        pytest.skip(
            "no cgroup v1 memory controller that we may write to: an out-of-memory kill cannot be staged"
        )
    place = MEMORY / f"midnight-test-{secrets.token_hex(4)}"
    place.mkdir()
    try:
        (place / "memory.limit_in_bytes").write_text("50000000")
        yield place
    finally:
        place.rmdir()


def play(program: str, env: dict[str, str], kill: bool, meanwhile: Callable[[], None] = lambda: None) -> Held:
    job = Job((sys.executable, "-c", program), {**os.environ, **env}, Path("/"))
    fault = BatchJob(BatchJobParams(), Handles(jobs={"nightly": job}), "test-batch/job")
    undo = fault.prepare()
    try:
        evidence = fault.inject()
        meanwhile()
        if kill:
            os.kill(int(evidence["pid"]), signal.SIGKILL)
        return fault.hold(20.0, threading.Event())
    finally:
        BatchJob.undo(undo)


def test_an_out_of_memory_kill_is_named(group: Path) -> None:
    held = play(HUNGRY, {"GROUP": str(group)}, kill=False)
    assert held.evidence["ended"] == "killed by the kernel for memory (1)"
    assert held.dose["completed"] == 0


def test_a_kill_for_another_reason_is_not_mistaken_for_an_out_of_memory_kill() -> None:
    held = play(PATIENT, {}, kill=True)
    assert held.evidence["ended"] == "killed with SIGKILL, not for memory"


def test_the_out_of_memory_kill_of_another_is_not_taken_for_that_of_the_job(group: Path) -> None:
    held = play(PATIENT, {}, kill=True, meanwhile=lambda: starve(group))
    assert held.evidence["out_of_memory_kills"]["of_this_machine"] >= 1
    assert held.evidence["ended"] == "killed with SIGKILL, not for memory"


def test_the_reason_of_a_kill_is_unknown_if_the_kernels_log_cannot_be_read(
    group: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(oom.Watch.__init__, "__defaults__", (tmp_path / "none",))
    held = play(PATIENT, {}, kill=True, meanwhile=lambda: starve(group))
    assert "whether for memory is not known" in held.evidence["ended"]
    assert held.evidence["out_of_memory_kills"]["of_the_job"] is None


def starve(group: Path) -> None:
    """Have the kernel kill a process that is nobody's for memory."""
    argv = [sys.executable, "-c", HUNGRY]
    ended = subprocess.run(argv, env={**os.environ, "GROUP": str(group)}, check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL
