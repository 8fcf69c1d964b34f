"""A served disk on a real machine, as root and as an ordinary user: whole, shared, and gone however it is killed."""

from __future__ import annotations

import errno
import mmap
import os
import signal
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest

from chaos.host.disk import blocks
from chaos.host.disk.account import Account
from chaos.host.disk.knobs import Knob
from chaos.host.disk.model import BURST
from chaos.host.privileges import is_root
from tests.host.disks import ROOT, USER, WHO, Disk, disk_of
from tests.waiting import wait_until

pytestmark = pytest.mark.real

LEASE = 120.0  # seconds of a stall: a test that fails must not hang the machine
LARGEST = 1 << 20  # bytes of one request: FUSE splits what is larger
as_root = pytest.mark.skipif(not is_root(), reason="mounting ext4 needs root")


@pytest.fixture(params=WHO)
def disk(request: pytest.FixtureRequest) -> Iterator[Disk]:
    with disk_of(request.param) as found:
        yield found


@pytest.fixture
def roots() -> Iterator[Disk]:
    with disk_of(ROOT) as found:
        yield found


def test_a_disk_is_there_whole_and_gone_whole_however_often_it_is_removed(disk: Disk) -> None:
    file = disk.path / "file"
    disk.run("sh", "-c", f"echo here > {file}; sync {file}")
    assert disk.run("cat", file) == "here\n"
    wait_until(lambda: disk.seen.write.bytes > 0 and disk.seen.flush.requests > 0)
    disk.process("server").send_signal(signal.SIGINT)
    disk.run("sh", "-c", f"echo more >> {file}; sync {file}")
    assert len(disk.devices) == 2
    there = {line.partition(" ")[0] for line in disk.left()}
    assert there >= {"mounted", "process", "file", *(["FUSE"] if disk.connections else [])}
    for _ in range(2):
        assert (disk.hand("remove"), disk.gone()) == ("", [])


def accounts_while(disk: Disk, written: int) -> list[Account]:
    """Accounts until so many more bytes are written, as they change."""
    found = [disk.seen]

    def enough() -> bool:
        if (seen := disk.seen).at > found[-1].at:
            found.append(seen)
        return seen.write.bytes - found[0].write.bytes >= written

    wait_until(enough)
    return found


def held_to(limit: float, seen: list[Account]) -> bool:
    """True if in no window more was served than the limit, the burst and one request allow."""
    moved = [(each.at, each.read.bytes + each.write.bytes) for each in seen]
    return all(
        after - before <= limit * (end - begin + BURST) + LARGEST
        for (begin, before), (end, after) in combinations(moved, 2)
    )


def test_a_large_synced_write_is_held_to_the_limit(disk: Disk) -> None:
    disk.turn(Knob.LIMIT, 60e6)
    writing = disk.start("dd", "if=/dev/zero", f"of={disk.path}/large", "bs=1M", "count=60", "conv=fsync")
    seen = accounts_while(disk, 60 << 20)
    assert writing.wait() == 0
    assert len(seen) > 5 and held_to(60e6, seen)
    assert not held_to(6e6, seen), "it would have been slower by itself"


def test_two_processes_share_the_bandwidth_and_both_are_served(disk: Disk) -> None:
    disk.turn(Knob.LIMIT, 20e6)
    writers = [disk.writer(name, 1 << 18) for name in ("one", "two")]
    seen = accounts_while(disk, 10 << 20)
    assert all(writer.poll() is None for writer in writers)
    assert held_to(20e6, seen) and not held_to(2e6, seen)
    sizes = disk.run("stat", "--format=%s", disk.path / "one", disk.path / "two").split()
    assert all(int(size) >= 1 << 20 for size in sizes), sizes


@as_root
def test_removing_one_disk_leaves_another_of_the_same_run_in_service(roots: Disk) -> None:
    with disk_of(ROOT, run=roots.mark) as other:
        assert (other.hand("remove"), other.gone()) == ("", [])
        roots.run("sh", "-c", f"echo here > {roots.path}/file; sync {roots.path}/file")


@as_root
def test_a_disk_survives_more_errors_than_fit_into_a_pipe(roots: Disk) -> None:
    file = roots.path / "file"
    roots.run("dd", "if=/dev/zero", f"of={file}", "bs=1M", "count=1", "conv=fsync")
    where = blocks.extents(file)
    roots.turn(Knob.ERROR, {"error": "EIO", "share": 1, "kinds": ["write"], "only": where})
    refused, page = 0, mmap.mmap(-1, 4096)
    descriptor = os.open(file, os.O_WRONLY | os.O_DIRECT)
    for _ in range(5000):  # nbdfuse prints a line for each
        try:
            os.pwrite(descriptor, page, 0)
        except OSError as error:
            refused += error.errno == errno.EIO
    roots.lift(Knob.ERROR)
    assert refused == 5000
    assert os.pwrite(descriptor, page, 0) == 4096
    os.close(descriptor)


def test_a_file_system_that_errors_have_spoilt_is_renewed(disk: Disk) -> None:
    disk.run("sh", "-c", f"echo kept > {disk.path}/kept; sync {disk.path}/kept")
    disk.turn(Knob.ERROR, {"error": "EIO", "share": 1, "kinds": ["write"]})
    writer = disk.start("sh", "-c", f"echo lost > {disk.path}/lost && sync {disk.path}/lost")
    failed = writer.wait(60) != 0
    assert failed or disk.who == USER, "fuse2fs keeps the error of a small write to itself"
    disk.lift(Knob.ERROR)
    assert disk.seen.write.errors > 0
    assert disk.hand("renew") == ""
    disk.run("sh", "-c", f"echo more > {disk.path}/more; sync {disk.path}/more")
    assert disk.run("cat", disk.path / "kept") == "kept\n"


KILL, FREEZE, END = signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM
Acts = tuple[tuple[str, signal.Signals], ...]
SCENES: dict[str, Acts] = {
    "sound": (),
    "server killed": (("server", KILL),),
    "server ended": (("server", END),),
    "server frozen": (("server", FREEZE),),
    "nbdfuse killed": (("nbdfuse", KILL),),
    "nbdfuse ended": (("nbdfuse", END),),
    "nbdfuse frozen": (("nbdfuse", FREEZE),),
    "server frozen, nbdfuse killed": (("server", FREEZE), ("nbdfuse", KILL)),
    "both frozen": (("server", FREEZE), ("nbdfuse", FREEZE)),
    "stalled": (),
    "stalled, server killed": (("server", KILL),),
    "stalled, nbdfuse ended": (("nbdfuse", END),),
    "fuse2fs killed": (("fuse2fs", KILL),),
    "fuse2fs ended": (("fuse2fs", END),),
    "fuse2fs frozen": (("fuse2fs", FREEZE),),
    "all frozen": (("fuse2fs", FREEZE), ("nbdfuse", FREEZE), ("server", FREEZE)),
}
OFTEN = {  # in use; the others are variants
    (ROOT, "server frozen"),
    (ROOT, "stalled"),
    (ROOT, "nbdfuse ended"),
    (USER, "server killed"),
    (USER, "fuse2fs frozen"),
}


def scenes() -> Iterator[object]:
    for who in WHO:
        for scene, acts in SCENES.items():
            if who == ROOT and "fuse2fs" in dict(acts):
                continue
            for used in (True, False):
                marks = () if used and (who, scene) in OFTEN else (pytest.mark.full,)
                yield pytest.param(who, scene, used, id=f"{who}: {scene}{', in use' * used}", marks=marks)


@pytest.mark.parametrize(("who", "scene", "used"), list(scenes()))
def test_a_disk_is_removed_in_whatever_state_it_is_and_nothing_hangs(
    who: str, scene: str, used: bool
) -> None:
    with disk_of(who) as disk:
        writer = disk.writer()
        if not used:
            writer.kill()
            writer.wait()
            disk.run("sh", "-c", f"echo dirty > {disk.path}/dirty")
        lease = time.monotonic() + LEASE
        if scene.startswith("stalled"):
            disk.turn(Knob.STALL, {"until": lease})
        for name, by in SCENES[scene]:
            disk.process(name).send_signal(by)

        assert (disk.hand("remove"), disk.gone()) == ("", [])
        assert time.monotonic() < lease, "it was removed because the stall had ended"

        said, _ = writer.communicate(timeout=60)
        assert "Errno" in said or not used


@pytest.mark.parametrize("named", ["server", "nbdfuse"])
@as_root
def test_a_disk_whose_server_is_gone_fails_its_writers_and_hangs_none(roots: Disk, named: str) -> None:
    writer = roots.writer()
    roots.process(named).kill()
    said, _ = writer.communicate(timeout=60)
    assert f"Errno {errno.EIO}" in said
    assert Path(roots.path / "file").stat().st_size > 0
