"""A served disk for tests, as root or as an ordinary user, and everything that could be left of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from chaos.host import mounting
from chaos.host.disk import account, attached, knobs
from chaos.host.disk.account import Account
from chaos.host.disk.knobs import Knob
from chaos.host.disk.layout import Layout
from chaos.host.privileges import is_root, unprivileged_user
from chaos.host.processes import marked
from tests.midnight import PROJECT
from tests.waiting import wait_until

SIZE = 96 << 20
ROOT, USER = "root", "user"
WHO = (ROOT, USER) if is_root() else (USER,)
WRITER = Path(__file__).with_name("disk_writer.py")
PROGRAMS = {"server": "chaos.host.disk.server", "nbdfuse": "nbdfuse", "fuse2fs": "fuse2fs"}
# It may read what root may, since the interpreter can be below a closed directory; but not mount, nor write.
READS = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")


def why_not(who: str) -> str | None:
    """Why no disk can be served here to such a user; None if one can."""
    wanted = attached.NEEDS | (attached.AS_ROOT if who == ROOT else attached.AS_USER)
    if lacking := [name for name in wanted if mounting.which(name) is None]:
        return f"{' and '.join(lacking)} not found"
    if not attached.FUSE.exists():
        return "no /dev/fuse"
    return "no setpriv" if who == USER and is_root() and shutil.which("setpriv") is None else None


@contextmanager
def open_to_all(device: Path) -> Iterator[None]:
    """Let everyone open the device, which root alone can do."""
    before = device.stat().st_mode & 0o777
    if is_root():
        device.chmod(0o666)
    yield
    if is_root():
        device.chmod(before)


@contextmanager
def fuse_connections() -> Iterator[Path | None]:
    """The directory with an entry for each FUSE connection; None if it is not mounted and this user cannot."""
    there = Path("/sys/fs/fuse/connections")
    if not is_root() or there.is_mount():
        yield there if there.is_mount() else None
        return
    with tempfile.TemporaryDirectory(prefix="midnight-test-connections-") as place:
        subprocess.run(["mount", "-t", "fusectl", "none", place], check=True)
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", place], check=True)


def _mountinfo() -> list[list[str]]:
    return [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]


@dataclass
class Disk:
    """A disk below a place of its own, that `who` creates and uses."""

    place: Path
    who: str
    mark: str
    started: list[subprocess.Popen[str]] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)  # of its mounts, `major:minor`
    connections: Path | None = None  # the FUSE connections of this machine

    @property
    def path(self) -> Path:
        return self.place / "disk"

    @property
    def layout(self) -> Layout:
        return Layout(self.place / f"{self.place.name[-8:]}.img")

    @property
    def seen(self) -> Account:
        return account.read(self.layout.account)

    def argv(self, *arguments: object) -> list[str]:
        """A command as the disk's owner."""
        prefix: list[str] = []
        if self.who == USER and is_root():
            user = unprivileged_user()
            assert user is not None
            prefix = ["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups", *READS]
        return [*prefix, *map(str, arguments)]

    def hand(self, verb: str, *, size: int = SIZE) -> str:
        """`create`, `renew` or `remove` it in a process of its own; return what went wrong."""
        argv = self.argv(
            sys.executable, "-m", "tests.host.disk_hand", verb, self.layout.image, self.path, size
        )
        done = subprocess.run(
            [*argv, self.mark], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120
        )
        if verb == "create":
            self.devices = [words[2] for words in self._mounts()]
        return done.stderr.strip()

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Start a command as the disk's owner; it is ended with the disk."""
        found = subprocess.Popen(self.argv(*arguments), stdout=subprocess.PIPE, text=True)
        self.started.append(found)
        return found

    def writer(self, name: str = "file", size: int = 65536, *stubborn: str) -> subprocess.Popen[str]:
        """A process that writes and syncs until that fails, or beyond if it is `stubborn`; it has begun."""
        found = self.start(sys.executable, WRITER, self.path / name, size, *stubborn)
        assert found.stdout is not None and found.stdout.readline() == "writing\n"
        return found

    def run(self, *arguments: object) -> str:
        """Run a command to its end as the disk's owner; return its output."""
        return subprocess.run(self.argv(*arguments), check=True, capture_output=True, text=True).stdout

    def process(self, named: str) -> psutil.Process:
        """`server`, `nbdfuse` or `fuse2fs`."""
        (found,) = [
            each
            for each in self.processes()
            if PROGRAMS[named] in [Path(word).name for word in each.cmdline()[:4]]
        ]
        return found

    def processes(self) -> list[psutil.Process]:
        return marked(attached.mark_of(self.mark, self.layout.image))

    def turn(self, knob: Knob, value: object) -> None:
        """Turn a knob as midnight would, and return once the disk has seen it."""
        knobs.turn(self.layout.knobs, knob, "test", value)
        self.obeyed()

    def lift(self, knob: Knob) -> None:
        knobs.lift(self.layout.knobs, knob, "test")
        self.obeyed()

    def obeyed(self) -> None:
        for _ in range(2):  # one look may have been in progress
            before = self.seen
            wait_until(lambda before=before: self.seen.at > before.at)  # type: ignore[misc]

    def left(self) -> list[str]:
        """What exists of it: mounts, loop devices, FUSE connections, processes, files."""
        found = [f"mounted {words[4]}" for words in self._mounts()]
        found += [f"process {each.pid}" for each in self.processes()]
        for device in self.devices:
            major, _, minor = device.partition(":")
            if major == "0" and self.connections is not None and (self.connections / minor).exists():
                # another test may be mounted under the number by now
                elsewhere = [
                    words for words in _mountinfo() if words[2] == device and words not in self._mounts()
                ]
                found += [] if elsewhere else [f"FUSE connection {minor}"]
            with suppress(OSError):
                backing = Path(f"/sys/dev/block/{device}/loop/backing_file").read_text().strip()
                # a killed nbdfuse takes the path along; another test may use the device by now
                if backing == "/" or str(self.place) in backing:
                    found.append(f"loop device {device} of {backing}")
        return found + [f"file {entry}" for entry in self.place.glob("*")]

    def gone(self) -> list[str]:
        """What is left after its removal: another test may use the numbers of its devices for a while."""
        wait_until(lambda: not any(each.startswith(("FUSE", "loop")) for each in self.left()), self.left)
        return self.left()

    def _mounts(self) -> list[list[str]]:
        return [words for words in _mountinfo() if f"{self.place}/" in " ".join(words)]

    def clear(self) -> None:
        """Take away what a failed test has left."""
        for each in self.started:
            each.kill()
        if self.left():
            self.hand("remove")
        for each in self.started:
            each.wait()
            assert each.stdout is not None
            each.stdout.close()
        self.place.rmdir()


@contextmanager
def disk_of(who: str, *, size: int = SIZE, run: str = "") -> Iterator[Disk]:
    """A disk that is served to `root` or to an ordinary `user`. `run`: the mark of another disk's run."""
    if because := why_not(who):
        pytest.skip(f"no disk can be served here: {because}")
    # longer than the path of a socket may be
    place = Path(tempfile.mkdtemp(prefix=f"midnight-test-{'x' * 70}-"))
    found = Disk(place, who, run or f"test-{place.name[-8:]}")
    place.chmod(0o755)
    if who == USER and (user := unprivileged_user()) is not None:
        os.chown(place, user.uid, user.gid)
    with open_to_all(attached.FUSE), fuse_connections() as found.connections:
        try:
            assert found.hand("create", size=size) == ""
            yield found
        finally:
            found.clear()
