"""What a machine can offer as a slow disk, what is missing for it, and what a plan says about that."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.errors import ToolMissing
from chaos.host import cgroup, mounting, throttled, volume
from chaos.host.disk import attached
from chaos.host.volume import Way
from chaos.targets import slow_disk as plan
from chaos.tools import packages, slow_disk
from chaos.tools.part import Found, Missing

EVERY = (*attached.NEEDS, *attached.AS_ROOT, *attached.AS_USER)


class Machine:
    """A machine with a PATH, device files and cgroups of its own."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._place, self._monkeypatch = place, monkeypatch
        monkeypatch.setenv("PATH", str(place))
        monkeypatch.setattr(mounting, "ADMIN_DIRS", "")
        monkeypatch.setattr("chaos.tools.command._ADMIN_DIRS", ())
        monkeypatch.setattr(attached, "FUSE", place / "fuse")
        monkeypatch.setattr(mounting, "LOOP", place / "loop-control")
        (place / "fuse").touch()
        (place / "loop-control").touch()
        monkeypatch.setattr(throttled, "V1_LIMIT", place / "write_bps_device")
        monkeypatch.setattr(cgroup, "ROOT", place / "cgroup")
        self.has(*EVERY)
        self.is_user(0)

    def has(self, *programs: str) -> None:
        for name in programs:
            (self._place / name).write_text("#!/bin/sh\n")
            (self._place / name).chmod(0o755)

    def lacks(self, *files: str) -> None:
        for name in files:
            (self._place / name).unlink()

    def throttles(self) -> None:
        (self._place / "write_bps_device").touch()

    def is_user(self, uid: int) -> None:
        self._monkeypatch.setattr(os, "geteuid", lambda: uid)
        manager = {"apt-get": ("libnbd-bin",)}
        self._monkeypatch.setattr(slow_disk, "_PACKAGES", manager)
        self._monkeypatch.setattr(slow_disk, "is_root", lambda: uid == 0)

    def may_not_open_fuse(self) -> None:
        self._monkeypatch.setattr(attached, "may_open_fuse", lambda: False)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def missing() -> Missing:
    found = slow_disk.find()
    assert isinstance(found, Missing)
    return found


@pytest.mark.parametrize(("uid", "how"), [(0, "nbdfuse and a loop device"), (1000, "nbdfuse and fuse2fs")])
def test_with_everything_there_a_disk_is_served(machine: Machine, uid: int, how: str) -> None:
    machine.is_user(uid)
    found = slow_disk.find()
    assert isinstance(found, Found) and found.where == how
    assert plan.notes(30_000_000) == []


def test_root_does_not_need_fuse2fs_and_a_user_no_loop_devices(machine: Machine) -> None:
    machine.lacks(*attached.AS_USER)
    assert attached.why_not() is None
    machine.is_user(1000)
    assert attached.why_not() == "fuse2fs and fusermount3 are missing"
    machine.has(*attached.AS_USER)
    machine.lacks("loop-control")
    assert attached.why_not() is None
    machine.is_user(0)
    assert attached.why_not() == "the kernel offers no loop devices"


def test_a_missing_package_is_named_with_the_command_and_what_goes_without(machine: Machine) -> None:
    machine.has("apt-get")
    machine.lacks("nbdfuse")
    found = missing()
    assert found.because == "nbdfuse is missing"
    assert found.remedy.startswith(
        "type: sudo apt-get install -y --no-install-recommends libnbd-bin (not required"
    )
    assert "a night proves little" in found.remedy


def test_without_the_package_root_is_offered_the_loop_device_meanwhile(machine: Machine) -> None:
    machine.throttles()
    machine.lacks("nbdfuse")
    assert "until then a loop device with a write limit is used, cgroup v1 blkio" in missing().remedy


def test_where_only_the_kernel_is_in_the_way_the_loop_device_is_enough(machine: Machine) -> None:
    machine.throttles()
    machine.lacks("fuse")
    found = slow_disk.find()
    assert isinstance(found, Found) and found.where == "loop device"
    assert "the kernel offers no FUSE" in found.source


@pytest.mark.parametrize(
    ("obstacle", "because", "remedy"),
    [
        (
            lambda it: it.lacks("fuse"),
            "the kernel offers no FUSE (/dev/fuse is missing)",
            "sudo modprobe fuse",
        ),
        (lambda it: it.may_not_open_fuse(), "this user may not open /dev/fuse", "sudo chmod 666 "),
        (lambda it: it.lacks("loop-control"), "the kernel offers no loop devices", "sudo modprobe loop"),
    ],
    ids=["no FUSE", "not permitted", "no loop devices"],
)
def test_each_obstacle_has_the_remedy_that_removes_it(
    machine: Machine, obstacle: Callable[[Machine], None], because: str, remedy: str
) -> None:
    obstacle(machine)
    assert missing().because == because
    assert missing().remedy.startswith(f"type: {remedy}")


def test_without_a_package_manager_fixing_it_says_what_to_install(machine: Machine) -> None:
    machine.lacks("nbdfuse")
    with pytest.raises(
        ToolMissing, match=r"nbdfuse is missing.* no supported package manager .* install slow disk"
    ):
        slow_disk.get()


def test_fixing_what_no_package_fixes_raises_with_the_command_to_type(machine: Machine) -> None:
    machine.lacks("fuse")
    with pytest.raises(ToolMissing, match="sudo modprobe fuse"):
        slow_disk.get()


def test_a_package_has_a_name_of_its_own_per_manager_or_one_for_all(machine: Machine) -> None:
    machine.has("zypper")
    assert (
        packages.remedy("x", {"zypper": ("x-tools",)})
        == "type: sudo zypper --non-interactive install x-tools"
    )
    assert packages.remedy("x", {"*": ("x",)}) == "type: sudo zypper --non-interactive install x"
    assert packages.remedy("x", {"dnf": ("x",)}) == "install x with your system's package manager"
    machine.has("apt-get")
    assert packages.manager() == "apt-get", "the first one present"


WHY = "nbdfuse is missing"


@pytest.mark.parametrize(
    ("throttled_why", "says"),
    [
        (None, f"the disk is a loop device with a write limit: {WHY}"),
        ("needs root", "this night proves little: the disk cannot be slowed, so logrotate hurts nothing"),
    ],
    ids=["a write limit", "nothing"],
)
def test_a_plan_says_first_how_little_a_night_proves_without_a_served_disk(
    monkeypatch: pytest.MonkeyPatch, throttled_why: str | None, says: str
) -> None:
    monkeypatch.setattr(volume, "ways", lambda: {Way.SERVED: WHY, Way.THROTTLED: throttled_why})
    (note,) = plan.notes(30_000_000)
    assert note.startswith(says) and note.endswith(f"{WHY} (`midnight doctor` says how to get it)")
    assert plan.notes(0) == [], "the disk is meant to be as it is"


ALONE = "each container's writes are limited by themselves, so logrotate takes nothing from the database"


@pytest.mark.parametrize(
    ("served_why", "uid", "seen", "says"),
    [
        (None, 0, True, None),
        (WHY, 0, True, f"{ALONE}: {WHY} (`midnight doctor` says how to get it)"),
        (None, 1000, True, f"{ALONE}: containers cannot use an ordinary user's disk"),
        (None, 0, False, "the disk is not limited, so logrotate hurts nothing: the engine's own directory"),
    ],
    ids=["a served disk", "no served disk", "an ordinary user", "an engine elsewhere"],
)
def test_a_plan_for_containers_says_how_little_a_night_proves(
    monkeypatch: pytest.MonkeyPatch, served_why: str | None, uid: int, seen: bool, says: str | None
) -> None:
    monkeypatch.setattr(volume, "ways", lambda: {Way.SERVED: served_why, Way.THROTTLED: None})
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    notes = plan.notes_of_containers(30_000_000, seen=seen)
    assert [note.startswith(f"this night proves little: {says}") for note in notes] == [True] * bool(says)
    assert plan.notes_of_containers(0, seen=seen) == [], "the disk is meant to be as it is"
