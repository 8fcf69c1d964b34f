"""What limits a container's writes on the engine's own disk, told from a planted /sys."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chaos import engine
from chaos.host import volume
from chaos.host.mounting import device_under
from chaos.host.volume import Way
from chaos.plan import build
from chaos.plugin.driver import Site
from chaos.plugin.handles import ContainerRef, EngineAt
from chaos.targets.docker import disks
from chaos.targets.docker.disks import Disks
from tests.midnight import PROJECT

RATE = 30_000_000  # bytes per second


def plant(place: Path, *, part: bool) -> None:
    """A disk `nvme0n1` with a part `nvme0n1p2`; one of them is what `place` lies on."""
    disk = place / "devices/nvme0n1"
    (disk / "nvme0n1p2").mkdir(parents=True)
    (disk / "uevent").write_text("MAJOR=259\nMINOR=0\nDEVNAME=nvme0n1\nDEVTYPE=disk\n")
    (disk / "nvme0n1p2/uevent").write_text("MAJOR=259\nMINOR=2\nDEVNAME=nvme0n1p2\nDEVTYPE=partition\n")
    (disk / "nvme0n1p2/partition").write_text("2\n")
    (place / "block").mkdir()
    (place / "block" / device_under(place)).symlink_to(disk / "nvme0n1p2" if part else disk)


@pytest.mark.parametrize("part", [True, False])
def test_the_whole_disk_below_the_engine_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: bool
) -> None:
    plant(tmp_path, part=part)
    monkeypatch.setattr(disks, "BLOCK", tmp_path / "block")
    found = Disks(tmp_path, apart=False, write_bps=RATE, size=0, engine_root=tmp_path)
    assert found.throttled() == {"device_write_bps": [{"Path": "/dev/nvme0n1", "Rate": RATE}]}


def test_a_volume_without_a_block_device_below_it_is_not_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disks, "BLOCK", tmp_path / "none")
    assert Disks(tmp_path, apart=False, write_bps=RATE, size=0, engine_root=tmp_path).throttled() == {}


def test_volumes_below_an_unseen_engine_directory_have_no_device_to_sample(tmp_path: Path) -> None:
    unseen = Disks(tmp_path, apart=False, write_bps=0, size=0, engine_root=None)
    seen = Disks(tmp_path, apart=False, write_bps=0, size=0, engine_root=tmp_path)
    containers = dict.fromkeys(("api", "database"), (ContainerRef(EngineAt("unix:///run/it"), "id", "name"),))
    assert {each.device for each in unseen.volumes(containers).values()} == {None}
    assert {each.device for each in seen.volumes(containers).values()} == {device_under(tmp_path)}


def test_an_ordinary_users_containers_get_the_engines_volumes_and_no_disk_that_they_cannot_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volume, "why_not", lambda: None)
    monkeypatch.setattr(volume, "create", lambda *_: pytest.fail("a disk was made"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    created: list[Mapping[str, Any]] = []
    site = Site("test", lambda _what, undo: created.append(undo))
    made = Disks(tmp_path, apart=False, write_bps=RATE, size=0, engine_root=tmp_path)
    made.make(site)
    assert made.places == {} and made.because == "containers cannot use an ordinary user's disk"
    assert [each["not_limited"] for each in created] == [made.because]


@pytest.mark.parametrize(
    ("url", "said"), [("tcp://127.0.0.1:2375", True), ("unix:///nowhere/it.sock", False)]
)
def test_a_plan_says_that_nothing_is_limited_on_an_engine_elsewhere_and_is_printed_without_any(
    monkeypatch: pytest.MonkeyPatch, url: str, said: bool
) -> None:
    monkeypatch.setattr(engine, "find", lambda: EngineAt(url))
    monkeypatch.setattr(volume, "ways", lambda: {Way.SERVED: None})
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    target, driver, options = build.target_of(PROJECT / "targets/docker.yaml")
    notes = driver.plan_notes(target, options, {"logrotate"})
    assert any("the disk is not limited" in note for note in notes) is said
