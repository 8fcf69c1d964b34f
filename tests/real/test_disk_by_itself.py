"""A served disk by itself: brought up for a stack of the team's own, and taken down as if it had never been there."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.host import mounting
from chaos.host.disk import attached, recognised
from chaos.host.privileges import is_root
from chaos.record.events import TargetReady
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from tests.contract.contracts import failed, project
from tests.midnight import Midnight

pytestmark = [
    pytest.mark.real,
    pytest.mark.wide,
    pytest.mark.skipif(attached.why_not() is not None, reason="no disk can be served"),
]

DISK = "name: slow\ndriver: disk\noptions: {place: PLACE, size: SIZE, write: 30MB/s}\n"


def file(midnight: Midnight, place: Path | None = None, size: str = "100MB") -> str:
    text = DISK.replace("PLACE", str(place or midnight.place / "slow")).replace("SIZE", size)
    return midnight.file("disk.yaml", text)


def stack_of(midnight: Midnight) -> RunDir:
    return RunDir(midnight.place / "state/midnight/stacks/slow")


@pytest.fixture(autouse=True)
def nothing_of_it(midnight: Midnight) -> Iterator[None]:
    """Nothing but what the test itself put there is left."""
    yield
    midnight("stack", "down", "--target", "slow", "--force")
    assert not list(midnight.place.glob("slow.img*"))
    assert not [each.at for each in mounting.mounts() if each.at.is_relative_to(midnight.place)]


def test_it_is_up_until_it_is_taken_down_and_its_directory_stays_if_it_was_there(midnight: Midnight) -> None:
    place = midnight.place / "slow"
    place.mkdir(mode=0o750)
    done = midnight("stack", "up", "--target", file(midnight))
    assert done.code == 0, done.err
    assert f"midnight target wire compose:PROJECT --disk SERVICE --place {place}" in done.out
    assert recognised.below(place) == place.with_name("slow.img.served") == recognised.mounted_at(place)
    assert recognised.mounted_at(place.parent) is recognised.below(place.parent) is None
    assert f"slow is up: {place}\n" == midnight("stack", "status", "--target", "slow").out
    again = midnight("stack", "up", "--target", file(midnight))
    assert again.code == 2 and "is up already" in again.err

    assert midnight("stack", "down", "--target", file(midnight)).code == 0
    assert list(place.iterdir()) == [] and place.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("how", ["a file open", "its working directory"])
def test_it_is_not_taken_away_from_a_process_with(midnight: Midnight, how: str) -> None:
    place = midnight.place / "slow"
    assert midnight("stack", "up", "--target", file(midnight)).code == 0
    with (place / "held" if how == "a file open" else midnight.place / "other").open("w") as held:
        cwd = place if how == "its working directory" else None
        sleeping = subprocess.Popen(
            ["sh", "-c", "sleep 600; :"], cwd=cwd, stdout=held, start_new_session=True
        )
    with sleeping:
        try:
            done = midnight("stack", "down", "--target", "slow")
            assert done.code == 2 and f"in use by sh (pid {sleeping.pid}): stop" in done.err, done.err
            assert mounting.mounted(place)
        finally:
            os.killpg(sleeping.pid, signal.SIGKILL)
    assert midnight("stack", "down", "--target", "slow").code == 0
    assert not place.exists()


def test_a_disk_whose_server_was_killed_is_broken_and_goes_away(midnight: Midnight) -> None:
    assert midnight("stack", "up", "--target", file(midnight)).code == 0
    ready = Journal(stack_of(midnight)).latest(TargetReady)
    assert ready is not None and ready.processes is not None
    os.kill(ready.processes["disk"][0]["pid"], signal.SIGKILL)
    assert "slow is broken: disk ended" in midnight("stack", "status", "--target", "slow").out
    assert midnight("stack", "down", "--target", "slow").code == 0
    assert midnight("stack", "status", "--target", "slow").out == "slow is down\n"


def test_a_start_that_was_killed_is_undone(midnight: Midnight) -> None:
    process = midnight.start("stack", "up", "--target", file(midnight))
    end = time.monotonic() + 30
    while not midnight.place.joinpath("slow.img").exists():
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.005)
    process.kill()
    process.wait()
    done = midnight("undo")
    assert done.code == 0 and "stack slow: target disk: undone" in done.out, done
    assert midnight("undo").out == "nothing to undo\n"
    assert midnight("stack", "status", "--target", "slow").out == "slow is down\n"


@pytest.mark.parametrize(
    ("there", "size", "said"),
    [
        ("slow/file", "100MB", "place: {}/slow is not empty"),
        ("slow", "100MB", "place: {}/slow is not a directory"),
        ("slow.img", "100MB", "image: {}/slow.img exists already"),
        ("other", "900TB", "size: 900000.0 GB do not fit into {}, where"),
    ],
    ids=["a directory with something", "a file", "an image", "no room"],
)
def test_it_takes_no_place_that_is_taken(midnight: Midnight, there: str, size: str, said: str) -> None:
    taken = midnight.place / there
    taken.parent.mkdir(exist_ok=True)
    taken.write_text("theirs")
    done = midnight("stack", "up", "--target", file(midnight, size=size))
    assert done.code == 2 and said.format(midnight.place) in done.err, done.err
    assert taken.read_text() == "theirs"
    taken.unlink()


@pytest.mark.skipif(not is_root(), reason="mounting needs root")
def test_it_takes_no_place_where_something_is_mounted_however_empty(midnight: Midnight) -> None:
    place = midnight.place / "slow"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "theirs", str(place)], check=True)
    try:
        done = midnight("stack", "up", "--target", file(midnight))
        assert done.code == 2 and f"place: something is mounted at {place} already" in done.err, done.err
        midnight("stack", "down", "--target", "slow")
        assert mounting.mounted(place)
    finally:
        subprocess.run(["umount", str(place)], check=True)


FIXTURE = """
from pathlib import Path
import pytest

@pytest.fixture
def midnight_target():
    return Path("FILE")
"""


def test_its_driver_keeps_the_contract(midnight: Midnight) -> None:
    (midnight.place / "contract").mkdir()
    made = project(midnight.place / "contract", {}, FIXTURE.replace("FILE", file(midnight)))
    assert failed(made, ["disk"]) == {"disk": set()}


def test_a_place_below_no_directory_is_refused(midnight: Midnight) -> None:
    done = midnight("stack", "up", "--target", file(midnight, midnight.place / "none/slow"))
    assert done.code == 2 and f"place: {midnight.place}/none does not exist" in done.err, done.err


def test_a_place_that_is_not_absolute_is_refused_with_its_line(midnight: Midnight) -> None:
    done = midnight("validate", file(midnight, Path("srv/slow")))
    assert done.code == 2 and "disk.yaml:3: options: place: must be an absolute path" in done.err
