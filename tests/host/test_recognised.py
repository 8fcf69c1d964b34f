"""A served disk is recognised by a directory's mount, seen from here or from inside a container; no other disk is."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from chaos.host import mounting
from chaos.host.disk import recognised
from chaos.host.mounting import Mount

DATA = PurePosixPath("/var/lib/data")
LINES = rb"""27 1 254:0 / / rw,relatime - ext4 /dev/root rw
51 27 7:3 / /srv/a\040slow\134one rw,noatime shared:3 - ext4 /dev/loop3 rw
52 27 0:44 / /mnt rw - tmpfs  rw,size=1k
"""


class Machine:
    """A machine with these mounts and loop devices, made up."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place = place
        self.mounts: dict[int | str, list[Mount]] = {"self": []}
        monkeypatch.setattr(recognised, "SYS", place / "sys")
        monkeypatch.setattr(mounting, "mounts", self._mounts_of)

    def _mounts_of(self, pid: int | str = "self") -> list[Mount]:
        if pid not in self.mounts:
            raise PermissionError(13, "Permission denied")
        return self.mounts[pid]

    def image(self, name: str = "slow.img") -> Path:
        """The file that shows a served disk."""
        served = self.place / f"{name}.served"
        (served / "knobs").mkdir(parents=True)
        return served / "raw"

    def loop(self, device: str, backing: Path | str) -> str:
        file = self.place / "sys" / device / "loop/backing_file"
        file.parent.mkdir(parents=True)
        file.write_text(f"{backing}\n")
        return device


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def mount(device: str, at: str, root: str = "/", kind: str = "ext4", source: Path = Path("/dev/x")) -> Mount:
    return Mount(device, Path(root), Path(at), kind, source, "rw")


def seen(inside: PurePosixPath = DATA) -> recognised.Recognised | None:
    return recognised.seen_by(42, inside)


def test_a_directory_of_a_container_is_found_where_this_machine_has_it(machine: Machine) -> None:
    raw = machine.image()
    machine.loop("7:3", raw)
    machine.mounts["self"] = [mount("254:0", "/"), mount("7:3", "/srv/slow")]
    machine.mounts[42] = [mount("0:50", "/"), mount("7:3", "/var/lib", "/shop")]
    assert seen() == recognised.Recognised(Path("/srv/slow/shop/data"), "7:3", raw.parent)


def test_what_fuse2fs_mounts_is_recognised_by_its_source(machine: Machine) -> None:
    raw = machine.image()
    mine = mount("0:44", "/home/me/slow", kind="fuse.ext4", source=raw)
    machine.mounts |= {"self": [mine], 42: [mine]}
    found = seen(PurePosixPath("/home/me/slow/data"))
    assert found is not None and found.served == raw.parent


def test_of_several_mounts_the_nearest_and_latest_counts(machine: Machine) -> None:
    machine.loop("7:3", machine.image())
    machine.mounts["self"] = [mount("7:3", "/srv/slow")]
    hidden = [mount("7:3", "/var/lib"), mount("0:51", "/var/lib"), mount("0:52", "/var")]
    machine.mounts[42] = hidden
    assert seen() is None
    machine.mounts[42] = [*hidden, mount("7:3", "/var/lib/data")]
    assert seen() is not None


@pytest.mark.parametrize(
    "backing",
    ["/var/lib/images/disk.img", "/srv/slow.img.served/image", "/", "/nowhere/slow.img.served/raw"],
    ids=["a file", "another file", "no name any more", "a disk that is gone"],
)
def test_another_loop_device_is_no_served_disk(machine: Machine, backing: str) -> None:
    machine.loop("7:3", backing)
    machine.mounts |= {"self": [mount("7:3", "/srv/slow")], 42: [mount("7:3", "/var/lib")]}
    assert seen() is None


def test_another_file_system_of_fuse_is_no_served_disk(machine: Machine) -> None:
    mine = mount("0:44", "/var/lib", kind="fuse.sshfs", source=Path("host:/x.served/raw"))
    machine.mounts |= {"self": [mine], 42: [mine]}
    assert seen() is None


@pytest.mark.usefixtures("machine")
def test_mounts_that_this_user_may_not_see_are_no_served_disk() -> None:
    assert seen() is None


def test_a_disk_that_this_machine_does_not_have_mounted_is_not_found(machine: Machine) -> None:
    machine.loop("7:3", machine.image())
    machine.mounts[42] = [mount("7:3", "/var/lib")]
    assert seen() is None


def test_a_line_of_mountinfo_is_read_with_its_odd_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mountinfo").write_bytes(LINES)
    monkeypatch.setattr(
        mounting, "Path", lambda text: tmp_path / "mountinfo" if "/proc/" in text else Path(text)
    )
    found = list(mounting.mounts())
    assert [str(each.at) for each in found] == ["/", "/srv/a slow\\one", "/mnt"]
    assert (found[1].device, found[1].kind, found[1].source) == ("7:3", "ext4", Path("/dev/loop3"))
