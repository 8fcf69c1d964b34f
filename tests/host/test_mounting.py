"""Mounts and loop devices are found by any name of theirs, and a command that hangs is left behind."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.host import mounting
from chaos.host.privileges import is_root

pytestmark = pytest.mark.real
as_root = pytest.mark.skipif(not is_root(), reason="mounting needs root")


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A directory as it is named through a link, as with a TMPDIR that is one."""
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    return tmp_path / "link"


@pytest.fixture
def mount_point(linked: Path) -> Iterator[Path]:
    place = linked / "a place\twith \\ everything in it, é"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=False, stderr=subprocess.DEVNULL)


@as_root
def test_a_mount_is_found_by_an_odd_name_and_through_a_link(mount_point: Path) -> None:
    assert mounting.mounted(mount_point)
    assert not mounting.mounted(mount_point.parent)
    assert mounting.unmount(mount_point, 10)
    assert not mounting.mounted(mount_point)
    assert mounting.unmount(mount_point, 10), "it is gone already"


@as_root
def test_a_mount_that_is_in_use_stays_and_is_not_waited_for(mount_point: Path) -> None:
    with (mount_point / "file").open("w"):
        assert not mounting.unmount(mount_point, 10)
    assert mounting.unmount(mount_point, 10)


@as_root
def test_a_loop_device_is_found_through_a_link_and_even_if_its_file_is_deleted(linked: Path) -> None:
    file = linked / "image"
    with file.open("wb") as image:
        image.truncate(1 << 20)
    device = mounting.attach(file)
    assert mounting.loops_of(file) == [device] and mounting.attached(file.resolve()) == device
    file.unlink()
    assert mounting.loops_of(file) == [device]
    mounting.detach(file)
    assert mounting.loops_of(file) == []


def test_a_command_is_given_so_long_and_is_then_left_behind() -> None:
    assert mounting.attempt(60, "true") and not mounting.attempt(60, "false")
    assert not mounting.attempt(0.01, "sleep", "1")
