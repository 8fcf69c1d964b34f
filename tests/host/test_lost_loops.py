"""A loop device does not outlive its disk, even if nbdfuse, with the name that it is found by, is killed first."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.errors import TargetError
from chaos.host import mounting
from chaos.host.disk import attached, own
from chaos.host.privileges import is_root
from tests.host.disks import ROOT, Disk, disk_of
from tests.midnight import PROJECT
from tests.waiting import wait_until

pytestmark = [pytest.mark.real, pytest.mark.skipif(not is_root(), reason="mounting needs root")]


@pytest.fixture
def unmounted() -> Iterator[Disk]:
    """A disk that is served, and not mounted."""
    with disk_of(ROOT) as found:
        assert own.unmount(found.layout, found.path, 10)
        yield found


def nameless() -> set[str]:
    """Loop devices whose file has no name any more."""
    backing = Path("/sys/block").glob("loop*/loop/backing_file")
    return {each.parent.parent.name for each in backing if each.read_text().strip() == own.NAMELESS}


def loses_its_name(disk: Disk, device: Path) -> None:
    disk.process("nbdfuse").terminate()  # it unmounts its file, lazily
    wait_until(lambda: device.name in nameless())


def test_a_mount_that_fails_leaves_no_loop_device(unmounted: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    run, before = mounting.run, nameless()

    def killed_before(name: str, *arguments: str) -> str:
        if name == "mount":
            loses_its_name(unmounted, Path(arguments[2]))
        return run(name, *arguments)

    monkeypatch.setattr(mounting, "run", killed_before)
    with pytest.raises(TargetError, match="mount"):
        attached._mount(unmounted.layout, unmounted.path, unmounted.mark)
    assert nameless() <= before
    assert (unmounted.hand("remove"), unmounted.gone()) == ("", [])


DIES = """
import os, sys
from pathlib import Path
from chaos.host import mounting
from chaos.host.disk import attached
from chaos.host.disk.layout import Layout

def run(name, *arguments):
    if name == "mount":
        os._exit(9)
    return real(name, *arguments)

real, mounting.run = mounting.run, run
attached._mount(Layout(Path(sys.argv[1])), Path(sys.argv[2]), "")
"""


def test_one_that_a_killed_midnight_has_left_is_detached_by_the_undo(unmounted: Disk) -> None:
    before, place = nameless(), unmounted.layout.image
    argv = [sys.executable, "-c", DIES, str(place), str(unmounted.path)]
    assert subprocess.run(argv, cwd=PROJECT, check=False, env=os.environ).returncode == 9
    (device,) = own.loops_of(unmounted.layout)
    loses_its_name(unmounted, device)
    assert (unmounted.hand("remove"), unmounted.gone()) == ("", [])
    assert nameless() <= before


def test_a_nameless_loop_device_of_another_disk_is_left_alone(unmounted: Disk) -> None:
    device = mounting.attach(unmounted.layout.raw)
    try:
        own.note_loop(unmounted.layout, device)
        assert own.loops_of(unmounted.layout) == [device]
        loses_its_name(unmounted, device)
        assert own.loops_of(unmounted.layout) == [device], "as noted"
        unmounted.layout.loop.write_text(f"{device.name} 0")
        assert own.loops_of(unmounted.layout) == [], "noted of an earlier use"
    finally:
        mounting.detach_device(device)
