"""Of what is mounted at a disk's place, only the disk itself is unmounted: the rest is somebody's data."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.errors import UndoError
from chaos.host import mounting
from chaos.host.disk import attached, own
from chaos.host.disk.layout import Layout
from chaos.host.privileges import is_root
from chaos.targets.disk import users
from tests.host.disks import ROOT, Disk, disk_of

pytestmark = [pytest.mark.real, pytest.mark.skipif(not is_root(), reason="mounting needs root")]


@pytest.fixture
def roots() -> Iterator[Disk]:
    with disk_of(ROOT) as found:
        yield found


def mount(place: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "theirs", str(place)], check=True)
    (place / "theirs").touch()


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Path]:
    """A directory with a file system of the team's own."""
    place = tmp_path / "slow"
    place.mkdir()
    mount(place)
    yield place
    while mounting.mounted(place):
        subprocess.run(["umount", str(place)], check=True)


def test_a_file_system_that_came_to_the_place_of_a_disk_stays(tmp_path: Path, theirs: Path) -> None:
    """As after a reboot, or if `stack up` was killed before it mounted anything."""
    image = tmp_path / "slow.img"
    Layout(image).knobs.mkdir(parents=True)
    with (theirs / "held").open("w"):
        assert users.named(image, theirs) == []
    attached.remove(image, theirs, "test-own-mounts")
    assert (theirs / "theirs").exists() and not Layout(image).directory.exists()


def test_a_loop_device_of_theirs_stays_too(tmp_path: Path) -> None:
    file, place = tmp_path / "theirs.img", tmp_path / "slow"
    mounting.make_ext4(file, 8 << 20)
    place.mkdir()
    subprocess.run(["mount", "-o", "loop", str(file), str(place)], check=True)
    try:
        attached.remove(tmp_path / "slow.img", place, "test-own-mounts")
        assert mounting.mounted(place)
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_disk_mounted_over_theirs_is_removed_alone(tmp_path: Path, theirs: Path) -> None:
    image = tmp_path / "slow.img"
    attached.create(image, theirs, 64 << 20, "test-own-mounts")
    assert not (theirs / "theirs").exists()
    attached.remove(image, theirs, "test-own-mounts", keep=True)
    assert (theirs / "theirs").exists() and not mounting.loops_of(Layout(image).raw)


def test_a_disk_below_theirs_is_left_until_that_is_unmounted(
    roots: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attached, "GONE_WITHIN", 1.0)
    mount(roots.path)
    try:
        assert own.mount_at(roots.layout, roots.path) is not None
        with pytest.raises(UndoError, match=f"theirs is mounted over it at {roots.path}: unmount that first"):
            attached.remove(roots.layout.image, roots.path, roots.mark)
        assert (roots.path / "theirs").exists()
    finally:
        subprocess.run(["umount", str(roots.path)], check=True)
    assert (roots.hand("remove"), roots.gone()) == ("", [])
