"""What makes a step impossible on a process, a directory or a job of this machine is known before the play."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chaos.host.processes import ref_of
from chaos.plugin import registry
from chaos.plugin.handles import Handles, Job, LogFiles, ProcessRef, Volume
from chaos.plugin.probe import Answer
from tests.faults.foreseeing import probed, refused

OTHER, STRANGER = 65533, 65532  # users that own nothing else here


@contextmanager
def sleeping(**options: Any) -> Iterator[ProcessRef]:
    there = subprocess.Popen(["sleep", "600"], **options)
    try:
        yield ref_of(there.pid)
    finally:
        there.kill()
        there.wait()


@contextmanager
def somebody_elses() -> Iterator[ProcessRef]:
    """A process that this user may not signal."""
    if os.geteuid() != 0:
        yield ref_of(1)
        return
    for name in ("kill", "pause", "logrotate"):
        registry.fault(name)  # loaded now: the stranger may not read what is loaded later
    with sleeping(user=OTHER) as ref:
        os.seteuid(STRANGER)
        try:
            yield ref
        finally:
            os.seteuid(0)


def one(ref: ProcessRef) -> Handles:
    return Handles(processes={"api": (ref,)})


@pytest.mark.parametrize("fault", ["kill", "pause"])
def test_a_process_of_another_user_is_refused_with_whom_to_be(fault: str) -> None:
    with somebody_elses() as ref:
        (line,) = refused(probed(fault, one(ref)))
    assert f"process {ref.pid}" in line and "run midnight as " in line and "or as root" in line


@pytest.mark.parametrize("fault", ["kill", "pause"])
def test_a_process_of_this_user_is_not_refused(fault: str) -> None:
    with sleeping() as ref:
        found = probed(fault, one(ref))
    assert refused(found) == []
    floor = found[f"floor: connections of pid {ref.pid} in use"]
    assert (floor.answer, floor.because) == (Answer.UNKNOWN, "0 now, 1 is required")


@pytest.mark.parametrize("fault", ["kill", "pause"])
def test_a_process_that_has_ended_is_refused(fault: str) -> None:
    with sleeping() as ref:
        pass
    assert any("it has ended; start the service" in line for line in refused(probed(fault, one(ref))))


def test_a_process_that_may_not_be_signalled_to_reopen_its_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("line\n")
    logs = LogFiles(tmp_path, (tmp_path / "app.log",), "rename", None, "normal", "HUP", "api")
    with sleeping() as ref:
        assert refused(probed("logrotate", Handles(processes={"api": (ref,)}, logs=logs))) == []
    with somebody_elses() as ref:
        found = refused(probed("logrotate", Handles(processes={"api": (ref,)}, logs=logs)))
    assert found[0].startswith(f"process {ref.pid} may be signalled: it runs as ")


def test_a_process_that_midnight_runs_below_is_not_paused() -> None:
    (line,) = refused(probed("pause", one(ref_of(os.getppid()))))
    assert "midnight is one of its descendants" in line


def volume(place: Path) -> Handles:
    return Handles(volumes={"logs": Volume(place, None, None)})


def test_a_volume_with_more_room_than_may_be_written_is_refused_with_a_number_that_does(
    tmp_path: Path,
) -> None:
    (line,) = refused(probed("disk_full", volume(tmp_path), at_most="1kB"))
    assert "at most 1000 are allowed" in line
    enough = line.partition("set `at_most: ")[2].partition("`")[0]
    found = probed("disk_full", volume(tmp_path), at_most=enough)
    assert refused(found) == [] and found[f"floor: {tmp_path} full"].answer is Answer.YES


def test_a_volume_with_less_room_than_is_to_be_left_is_refused(tmp_path: Path) -> None:
    (line,) = refused(probed("disk_full", volume(tmp_path), leave="100000GB"))
    assert "bytes are free" in line and "set `leave` below" in line


def test_a_volume_in_use_is_recognised(tmp_path: Path) -> None:
    what = f"floor: files of {tmp_path} in use"
    assert probed("disk_full", volume(tmp_path))[what].answer is Answer.UNKNOWN
    (tmp_path / "app.log").write_text("line\n")
    assert probed("disk_full", volume(tmp_path))[what].answer is Answer.YES


def test_a_directory_that_is_read_only_is_refused() -> None:
    place = Path("/proc/self")  # nobody may write there, root included
    (line,) = refused(probed("disk_full", volume(place)))
    assert "/proc/self can be written to" in line and "mount it writable" in line


def job(*argv: str, cwd: Path | None = None, **env: str) -> Handles:
    return Handles(jobs={"nightly": Job(argv, {"PATH": os.environ["PATH"], **env}, cwd)})


@pytest.mark.parametrize("command", ["/nowhere/nightly", "no-such-nightly-command"])
def test_a_job_that_does_not_exist_is_refused(command: str) -> None:
    (line,) = refused(probed("batch_job", job(command)))
    assert f"{command} can be started: command not found; correct the command" in line


def test_a_job_that_is_not_executable_is_refused_with_what_makes_it_so(tmp_path: Path) -> None:
    script = tmp_path / "nightly.sh"
    script.write_text("#!/bin/sh\n")
    (line,) = refused(probed("batch_job", job(str(script))))
    assert line.endswith(f"it is not executable; chmod +x {script}")
    subprocess.run(["chmod", "+x", str(script)], check=True)
    assert refused(probed("batch_job", job(str(script)))) == []


def test_a_job_is_looked_for_where_it_begins_and_on_its_own_path(tmp_path: Path) -> None:
    script = tmp_path / "nightly.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    assert refused(probed("batch_job", job("./nightly.sh", cwd=tmp_path))) == []
    assert refused(probed("batch_job", job("nightly.sh", PATH=str(tmp_path)))) == []
    assert len(refused(probed("batch_job", job("nightly.sh")))) == 1


def test_a_job_that_begins_nowhere_is_refused(tmp_path: Path) -> None:
    (line,) = refused(probed("batch_job", job(sys.executable, cwd=tmp_path / "gone")))
    assert "directory not found; correct `cwd` in the target file" in line
