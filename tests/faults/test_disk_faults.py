"""The faults on a disk of midnight's own: felt by a target that uses it, unknown of one that does not, and undone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import ValidationError

from chaos.errors import FaultError
from chaos.faults.disk_delay import DiskDelayParams
from chaos.faults.disk_error import DiskError, DiskErrorParams
from chaos.faults.shared import served_disk
from chaos.host.disk import blocks, knobs
from chaos.host.disk.account import Account
from chaos.host.disk.knobs import Knob
from chaos.host.disk.layout import knobs_in
from chaos.host.disk.model import Behaviour
from chaos.host.mounting import device_under
from chaos.host.privileges import is_root
from chaos.host.processes import ref_of
from chaos.plugin import registry
from chaos.plugin.fault import Fault, Held, Undo
from chaos.plugin.handles import Handles, Volume
from tests.faults.foreseeing import probed, refused
from tests.host.disks import WHO, Disk, disk_of
from tests.waiting import wait_until

pytestmark = pytest.mark.real

MARK = "test-disk-faults/step"
HOLD = 3.0  # seconds: the floors below are reached within a part of it
FAULTS: dict[str, dict[str, Any]] = {
    "disk_limit": {"volume": "data", "write": 500_000},
    "disk_delay": {"flush": 0.05, "min_delayed": 5},
    "disk_stall": {},
    "disk_error": {"share": 0.5, "min_failed": 2},
}
if not is_root():
    del FAULTS["disk_error"]  # refused: fuse2fs does not tell which blocks its files occupy
SERVED = "volume data is on a served disk"


@pytest.fixture(scope="module")
def disk() -> Iterator[Disk]:
    with disk_of(WHO[0]) as found:
        yield found


@pytest.fixture
def handles(disk: Disk) -> Iterator[Handles]:
    """A target whose database writes and syncs on the disk without an end."""
    writer = disk.writer("file", 65536, "stubborn")
    volume = Volume(disk.path, device_under(disk.path), None, served=disk.layout.directory)
    yield Handles(volumes={"data": volume}, processes={"database": (ref_of(writer.pid),)})
    writer.kill()
    writer.communicate()
    knobs.lift_all(disk.layout.knobs)


@pytest.fixture
def elsewhere(handles: Handles) -> Iterator[Handles]:
    """The same, but the database of the target is on another disk; the writer is none of the target's."""
    other = subprocess.Popen(["sleep", "600"])
    yield replace(handles, processes={"database": (ref_of(other.pid),)})
    other.kill()
    other.wait()


@dataclass
class Played:
    undo: Undo
    held: Held
    during: Behaviour

    @property
    def reached(self) -> bool:
        return all(self.held.dose[name] >= least for name, least in self.held.floor.items())


def made(name: str, handles: Handles, **changed: Any) -> Fault:
    fault = registry.fault(name)
    return fault(fault.Params.model_validate(FAULTS[name] | changed), handles, MARK)


def play(name: str, handles: Handles, seconds: float = HOLD, **changed: Any) -> Played:
    fault = made(name, handles, **changed)
    undo: Mapping[str, Any] = json.loads(json.dumps(fault.prepare()))
    fault.inject()
    try:
        held = fault.hold(seconds, threading.Event())
        return Played(undo, held, knobs.read(knobs_in(Path(undo["served"]))))
    finally:
        registry.undo_of(f"fault:{name}")(undo)


@pytest.mark.parametrize("name", FAULTS)
def test_on_the_targets_path_it_reaches_its_floor_and_the_target_goes_on_afterwards(
    name: str, disk: Disk, handles: Handles
) -> None:
    assert refused(probed(name, handles, **FAULTS[name])) == []
    played = play(name, handles)
    assert played.reached, (played.held.dose, played.held.floor)
    assert played.held.unproven == "" and played.held.evidence["used_by"] == ["database"]
    assert played.during != Behaviour()
    assert knobs.read(disk.layout.knobs) == Behaviour()
    before = disk.seen
    wait_until(lambda: disk.seen.write.requests > before.write.requests)
    wait_until(lambda: disk.seen.flush.requests > before.flush.requests)


@pytest.mark.parametrize("name", FAULTS)
def test_off_the_targets_path_nothing_is_proven_whatever_the_dose(name: str, elsewhere: Handles) -> None:
    held = play(name, elsewhere, 0.5).held
    path = elsewhere.volumes["data"].path
    assert held.unproven == f"no process of the target had a file open on {path}"
    assert held.dose["own_wait_seconds"] == 0


@pytest.mark.parametrize("name", FAULTS)
def test_a_disk_that_is_not_served_is_refused_before_the_play_with_the_remedy(
    name: str, handles: Handles
) -> None:
    volume = replace(handles.volumes["data"], served=None)
    there = replace(handles, volumes={"data": volume})
    (line,) = refused(probed(name, there, **FAULTS[name]))
    assert line.startswith(f"{SERVED}: it is not; ") and "`midnight doctor`" in line
    with pytest.raises(FaultError, match="not on a served disk"):
        made(name, there).prepare()


@pytest.mark.skipif(not is_root(), reason="fuse2fs is refused anyway")
def test_errors_that_could_not_be_proven_are_refused_before_the_play(
    handles: Handles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "occupied", lambda _directory: None)  # as on fuse2fs
    (line,) = refused(probed("disk_error", handles))
    assert line == (
        "the file system of volume data shows which blocks its files occupy: fuse2fs does not, and hides errors; "
        "bring the disk up as root"
    )
    fault = made("disk_error", handles)
    with pytest.raises(FaultError, match="fuse2fs does not, and hides errors"):
        fault.prepare()
    assert isinstance(fault, DiskError)
    fault.value()
    assert fault.unproven(Account()).startswith("the file system does not show whose requests failed")


UNDO_ALL = """
import json, sys
from chaos.plugin import registry
print(json.dumps({name: registry.undo_of(f"fault:{name}")(undo) for name, undo in json.load(sys.stdin).items()}))
"""


def test_they_are_undone_in_another_process_and_once_more_and_leave_what_others_set(
    disk: Disk, handles: Handles
) -> None:
    disk.turn(Knob.LIMIT, 30e6)
    faults = {name: made(name, handles) for name in FAULTS}
    undos = {name: fault.prepare() for name, fault in faults.items()}
    for fault in faults.values():
        fault.inject()
    found = knobs.read(disk.layout.knobs)
    assert found.limit < 30e6 and found.delay and found.failing and found.stalled_until
    argv = [sys.executable, "-c", UNDO_ALL]
    done = subprocess.run(argv, input=json.dumps(undos), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {name: {"lifted": True} for name in FAULTS}
    assert knobs.read(disk.layout.knobs) == Behaviour(limit=30e6)
    for name, undo in undos.items():
        assert registry.undo_of(f"fault:{name}")(undo) == {"lifted": False}
    assert knobs.read(disk.layout.knobs) == Behaviour(limit=30e6)


def test_a_disk_that_is_gone_needs_no_undo(tmp_path: Path) -> None:
    gone = {"served": str(tmp_path / "gone"), "mark": MARK, "urgent": True}
    for name in FAULTS:
        assert registry.undo_of(f"fault:{name}")(gone) == {"disk": "gone"}


def test_a_limit_that_is_in_force_already_is_refused_and_proves_nothing(disk: Disk, handles: Handles) -> None:
    disk.turn(Knob.LIMIT, 400_000)
    (line,) = refused(probed("disk_limit", handles, **FAULTS["disk_limit"]))
    assert line.endswith("a limit of 400000 bytes per second was in force already; set `write` to less")
    held = play("disk_limit", handles, 0.5).held
    assert held.unproven == "a limit of 400000 bytes per second was in force already"


def test_a_limit_that_holds_nothing_back_proves_nothing(handles: Handles) -> None:
    played = play("disk_limit", handles, 1.0, write=10_000_000_000)
    assert played.held.dose["bytes_served"] > 0 and not played.reached
    assert played.held.dose["held_back_seconds"] < played.held.floor["held_back_seconds"] == 0.2


def test_a_directory_whose_files_should_fail_must_be_one_of_the_volume(disk: Disk, handles: Handles) -> None:
    if disk.who == "root":
        (disk.path / "part").mkdir(exist_ok=True)
        assert refused(probed("disk_error", handles, path="part")) == []
    (line,) = refused(probed("disk_error", handles, path="nowhere"))
    assert line == "nowhere is a directory of volume data: it is not; name one (`path`)"
    with pytest.raises(FaultError, match="nowhere is a directory"):
        made("disk_error", handles, path="nowhere").prepare()
    for path in ("/etc", "../other"):
        with pytest.raises(ValidationError, match="name a directory of the volume"):
            DiskErrorParams(path=path)


def test_only_the_files_below_the_path_fail(disk: Disk, handles: Handles) -> None:
    if disk.who != "root":
        pytest.skip("fuse2fs does not tell which blocks its files occupy")
    (disk.path / "part").mkdir(exist_ok=True)
    assert play("disk_error", handles, 0.5, path="part").held.dose["requests_failed"] == 0
    with disk.writer("part/file"):  # it ends at its first error
        assert play("disk_error", handles, path="part", share=1).held.dose["requests_failed"] > 0


def test_on_a_stalled_disk_one_sync_waits_and_no_more(disk: Disk, handles: Handles) -> None:
    if disk.who != "root":
        pytest.skip("fuse2fs does not tell which blocks its files occupy")
    fault, stop = made("disk_error", handles), threading.Event()
    fault.prepare()
    fault.inject()  # it reads directories from the disk: stall it afterwards
    lease = time.monotonic() + 60  # a test that fails must not hang the machine
    disk.turn(Knob.STALL, {"until": lease})
    syncs: list[int] = []

    def look() -> bool:
        there = [each for each in psutil.Process().children() if each.name() == "sync"]
        syncs.append(len(there))
        return len(syncs) > 20

    holding = threading.Thread(target=lambda: fault.hold(60, stop))
    holding.start()
    wait_until(lambda: bool([each for each in psutil.Process().children() if each.name() == "sync"]))
    wait_until(look)
    disk.lift(Knob.STALL)
    stop.set()
    holding.join()
    assert time.monotonic() < lease, "the disk did not stall for as long as it was looked at"
    assert max(syncs) == 1


def test_a_disk_whose_server_has_ended_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served_disk, "ALIVE_WITHIN", 0.5)
    with disk_of(WHO[0]) as ended:
        volume = Volume(ended.path, device_under(ended.path), None, served=ended.layout.directory)
        ended.process("server").kill()
        there = Handles(volumes={"data": volume}, processes={"database": (ref_of(os.getpid()),)})
        line = f"{SERVED}: its server has ended; bring the target up again"
        wait_until(lambda: refused(probed("disk_stall", there)) == [line])


def test_a_delay_of_nothing_and_one_without_an_end_are_refused() -> None:
    with pytest.raises(ValidationError, match="set at least one of"):
        DiskDelayParams(read=0, write=0, flush=0)
    with pytest.raises(ValidationError, match="less than or equal to 60"):
        DiskDelayParams(flush=61)
