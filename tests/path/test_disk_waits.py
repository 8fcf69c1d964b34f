"""Who uses a disk and how long its threads wait for it, from /proc alone."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.host import proc
from chaos.host.disk.users import uses
from chaos.host.mounting import device_under
from chaos.path import disk_waits
from chaos.path.disk_waits import DiskWaits
from tests.waiting import wait_until

APART = Path("/dev/shm")  # a file system of its own, on which this process has no file open
US = os.getpid()


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process with a nameless file open on APART."""
    if device_under(APART) == device_under(Path("/")):
        pytest.skip(f"{APART} is on the root file system")
    with tempfile.TemporaryFile(dir=APART) as file:
        found = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=file)
    yield found
    found.communicate()


def test_a_process_uses_the_disk_on_which_it_has_a_file_open(child: subprocess.Popen[bytes]) -> None:
    wait_until(lambda: uses(child.pid, device_under(APART)))
    assert not uses(child.pid, "0:0")
    assert not uses(US, device_under(APART))
    child.communicate()
    assert not uses(child.pid, device_under(APART)), "it has ended"


STATS = {
    "waits for a disk": (b"7 (postgres) D 1 7", b"io_schedule", True),
    "sleeps": (b"7 (postgres) S 1 7", b"do_epoll_wait", False),
    "runs": (b"7 (postgres) R 1 7", b"0", False),
    "has an odd name": (b"7 (a) D (b) S 1 7", b"0", False),
    "has an odd name and waits": (b"7 (a) S (b) D 1 7", b"0", True),
    "waits for FUSE": (b"7 (postgres) S 1 7", b"request_wait_answer", True),
    "waits for FUSE, newer": (b"7 (postgres) S 1 7", b"fuse_get_req", True),
    "ended meanwhile": (b"", b"", False),
}


@pytest.mark.parametrize(("stat", "wchan", "waiting"), STATS.values(), ids=STATS)
def test_a_thread_waits_for_a_disk_in_uninterruptible_sleep_or_in_fuse(
    monkeypatch: pytest.MonkeyPatch, stat: bytes, wchan: bytes, waiting: bool
) -> None:
    monkeypatch.setattr(proc, "start_of", lambda file: stat if file.endswith("/stat") else wchan)
    assert disk_waits.waits(US, "0:0") == waiting


@pytest.mark.parametrize(
    ("call", "elsewhere"),
    [
        (b"75 0x%x 0x0 0x0", True),
        (b"82 0x%x 0x0 0x0", False),
        (b"running", False),
        (b"-1 0x7fff 0x7f29", False),
        (b"75 0xfff 0x0 0x0", False),
    ],
    ids=["fdatasync", "a rename", "running", "a page fault", "a file closed meanwhile"],
)
def test_a_call_on_a_file_of_another_disk_is_no_wait_for_this_one(
    monkeypatch: pytest.MonkeyPatch, call: bytes, elsewhere: bool
) -> None:
    if device_under(APART) == device_under(Path("/")):
        pytest.skip(f"{APART} is on the root file system")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    with tempfile.TemporaryFile(dir=APART) as file:
        said = {"stat": b"7 (postgres) D 1 7", "syscall": call.replace(b"%x", b"%x" % file.fileno())}
        monkeypatch.setattr(proc, "start_of", lambda path: said.get(path.rpartition("/")[2], b""))
        assert disk_waits.waits(US, device_under(APART))
        assert disk_waits.waits(US, device_under(Path("/"))) is not elsewhere


def test_a_process_that_ended_does_not_wait() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert not disk_waits.waits(ended.pid, "0:0")


def test_waits_count_for_the_role_whose_descendants_use_the_disk(
    monkeypatch: pytest.MonkeyPatch, child: subprocess.Popen[bytes]
) -> None:
    monkeypatch.setattr(disk_waits, "waits", lambda pid, _device: pid == child.pid)
    looking = DiskWaits({"database": [US], "api": [child.pid + 1_000_000]}, device_under(APART))
    looking.start()
    wait_until(lambda: looking.waited.get("database", 0.0) > 0.05)
    looking.stop()
    assert looking.used_by == {"database"} and set(looking.waited) == {"database"}


def test_a_target_that_waits_for_another_disk_has_not_waited_for_this_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = list[int]()

    def uses_none(pid: int, _device: str) -> bool:
        looked.append(pid)
        return False

    monkeypatch.setattr(disk_waits, "waits", lambda _pid, _device: True)
    monkeypatch.setattr(disk_waits, "uses", uses_none)
    looking = DiskWaits({"database": [US]}, "0:0")
    looking.start()
    wait_until(lambda: len(looked) > 1)
    looking.stop()
    assert (looking.used_by, looking.waited) == (set(), {})
