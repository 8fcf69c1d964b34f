"""The disk's server over its socket: it keeps what is written, obeys its knobs at once, and accounts for everything."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.host.disk import knobs, nbd
from chaos.host.disk.knobs import Knob
from chaos.host.disk.layout import Layout
from chaos.host.disk.nbd import Command
from chaos.host.disk.server import Disk
from chaos.host.worker import python_module
from tests.host.nbd_client import FLAGS, NbdClient, is_closed_by, option, request
from tests.host.serving import SIZE, Serving
from tests.waiting import wait_until

PAGE = b"midnight" * 512
FOREVER = 1e15  # seconds of the monotonic clock: a stall that only lifting ends


@pytest.fixture
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    found = Serving(tmp_path_factory.mktemp("d"))  # short: the path of a socket is
    yield found
    found.stop()


@pytest.fixture
def client(disk: Serving) -> Iterator[NbdClient]:
    with disk.client() as found:
        yield found


def test_what_is_written_is_read_back_by_any_client(disk: Serving, client: NbdClient) -> None:
    assert client.write(4096, PAGE) == 0
    assert client.do(Command.FLUSH) == (0, b"")
    with disk.client() as other:
        assert other.read(4096, len(PAGE)) == (0, PAGE)
        assert other.read(0, 16) == (0, bytes(16))
    assert disk.place.image.read_bytes()[4096 : 4096 + len(PAGE)] == PAGE


def test_the_account_counts_requests_and_bytes_by_kind(disk: Serving, client: NbdClient) -> None:
    for _ in range(3):
        client.write(0, PAGE)
    client.read(0, 512)
    client.do(Command.FLUSH)
    assert client.do(Command.TRIM, 0, 1 << 20) == (0, b"")
    wait_until(lambda: disk.seen.write.requests == 4)
    seen = disk.seen
    assert (seen.write.bytes, seen.read.bytes, seen.flush.bytes) == (3 * len(PAGE), 512, 0)
    assert (seen.read.requests, seen.flush.requests, seen.queued, seen.oldest) == (1, 1, 0, 0)


def test_a_request_beyond_the_end_is_refused_and_the_disk_keeps_its_size(
    disk: Serving, client: NbdClient
) -> None:
    assert client.write(SIZE - 100, PAGE) == errno.EINVAL
    assert client.read(SIZE, 1)[0] == errno.EINVAL
    assert client.read(SIZE - 1, 1) == (0, b"\0")
    assert disk.place.image.stat().st_size == SIZE


def test_a_client_that_talks_nonsense_is_hung_up_on_and_the_others_are_served(
    disk: Serving, client: NbdClient
) -> None:
    for nonsense in (
        FLAGS + option(nbd.GO, magic=7),
        FLAGS + option(nbd.GO) + request(0, 1, length=1, magic=7),
        FLAGS + option(nbd.GO) + request(Command.DISCONNECT, 1),
    ):
        with NbdClient(disk.place.socket) as other:
            other.receive(18)
            other.send(nonsense)
            if option(nbd.GO) in nonsense:
                assert [other.option_reply().kind for _ in range(2)] == [nbd.INFO, nbd.ACK]
            assert is_closed_by(other)
    assert client.write(0, PAGE) == 0


def test_a_limit_that_changes_meanwhile_takes_effect_on_what_waits(disk: Serving, client: NbdClient) -> None:
    disk.turn(Knob.LIMIT, 1)
    cookie = client.begin(Command.WRITE, data=PAGE * 16)  # eighteen hours
    disk.waiting(1)
    assert (disk.seen.limit, disk.seen.write.requests) == (1, 0) and disk.seen.oldest > 0
    disk.turn(Knob.LIMIT, 1e12)
    assert client.reply() == (cookie, 0, b"")


def test_what_waits_for_the_limit_is_held_back_and_what_waits_for_a_stall_or_a_delay_is_not(
    disk: Serving, client: NbdClient
) -> None:
    disk.turn(Knob.LIMIT, 1e12)
    disk.turn(Knob.DELAY, {"write": 0.1})
    client.write(0, PAGE)
    disk.turn(Knob.STALL, {"until": FOREVER})
    cookie = client.begin(Command.WRITE, data=PAGE * 16)
    wait_until(lambda: disk.seen.stalled > 0.1)
    assert disk.seen.held_back == 0
    disk.turn(Knob.LIMIT, 1)
    disk.lift(Knob.STALL)
    wait_until(lambda: disk.seen.held_back > 0.1)
    disk.lift(Knob.LIMIT)
    assert client.reply() == (cookie, 0, b"")
    before = disk.seen.held_back
    disk.turn(Knob.LIMIT, 1e12)
    assert client.write(0, PAGE) == 0 and disk.seen.held_back == before


def test_requests_are_answered_in_the_order_in_which_they_came(disk: Serving, client: NbdClient) -> None:
    disk.turn(Knob.LIMIT, 1)
    cookies = [client.begin(Command.WRITE, 0, data=bytes([number]) * 4096) for number in range(8)]
    cookies.append(client.begin(Command.READ, 0, 4096))
    disk.waiting(9)
    disk.lift(Knob.LIMIT)
    assert [client.reply()[0] for _ in cookies[:-1]] == cookies[:-1]
    assert client.reply(4096) == (cookies[-1], 0, bytes([7]) * 4096)


def test_a_stalled_disk_answers_nothing_and_at_once_when_the_stall_is_lifted(
    disk: Serving, client: NbdClient
) -> None:
    disk.turn(Knob.STALL, {"until": FOREVER})
    begun = [client.begin(Command.WRITE, data=PAGE), client.begin(Command.FLUSH)]
    disk.waiting(2)
    stalled = disk.seen.stalled
    wait_until(lambda: disk.seen.stalled > stalled)
    assert disk.seen.write.requests == disk.seen.flush.requests == 0
    disk.lift(Knob.STALL)
    assert [client.reply()[0] for _ in begun] == begun
    stalled = disk.seen.stalled
    client.do(Command.FLUSH)
    assert disk.seen.stalled == stalled


def test_only_the_kind_that_is_delayed_waits_and_at_most_until_the_delay_is_lifted(
    disk: Serving, client: NbdClient
) -> None:
    disk.turn(Knob.DELAY, {"flush": 60.0})
    flush = client.begin(Command.FLUSH)
    assert client.write(0, PAGE) == 0
    disk.waiting(1)
    wait_until(lambda: disk.seen.write.requests == 1)
    assert disk.seen.flush.requests == 0
    disk.lift(Knob.DELAY)
    assert client.reply() == (flush, 0, b"")
    wait_until(lambda: disk.seen.flush.requests == 1)
    assert disk.seen.flush.wait > 0


def test_errors_are_returned_in_their_share_where_they_should_and_are_counted(
    disk: Serving, client: NbdClient
) -> None:
    failing = {"error": "ENOSPC", "share": 0.5, "kinds": ["write", "read"], "only": [[4096, 8192]]}
    disk.turn(Knob.ERROR, failing)
    assert [client.write(4096, PAGE) for _ in range(4)] == [0, errno.ENOSPC, 0, errno.ENOSPC]
    assert client.write(8192, PAGE) == client.do(Command.FLUSH)[0] == 0
    assert [client.read(8000, 200)[0] for _ in range(2)] == [0, errno.ENOSPC]
    wait_until(lambda: disk.seen.read.requests == 2)
    assert (disk.seen.write.errors, disk.seen.read.errors, disk.seen.flush.errors) == (2, 1, 0)
    assert disk.seen.write.bytes == 3 * len(PAGE)
    disk.lift(Knob.ERROR)
    assert client.write(4096, PAGE) == 0


def test_a_failed_write_leaves_what_was_there(disk: Serving, client: NbdClient) -> None:
    client.write(0, PAGE)
    disk.turn(Knob.ERROR, {"error": "EIO", "share": 1, "kinds": ["write"]})
    assert client.write(0, bytes(len(PAGE))) == errno.EIO
    assert client.read(0, len(PAGE)) == (0, PAGE)


def test_a_garbled_knob_leaves_the_disk_in_service(disk: Serving, client: NbdClient) -> None:
    disk.turn(Knob.LIMIT, "as fast as you can")
    disk.turn(Knob.STALL, ["until", "tomorrow"])
    assert client.write(0, PAGE) == 0


def test_a_client_that_leaves_while_its_request_waits_takes_nothing_along(
    disk: Serving, client: NbdClient
) -> None:
    disk.turn(Knob.STALL, {"until": FOREVER})
    with disk.client() as other:
        other.begin(Command.WRITE, data=PAGE)
        disk.waiting(1)
    cookie = client.begin(Command.READ, 0, len(PAGE))
    disk.lift(Knob.STALL)
    assert client.reply(len(PAGE)) == (cookie, 0, PAGE), "it was written all the same"


def test_a_write_that_the_machine_takes_in_parts_is_whole(
    client: NbdClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, offset: whole(file, data[:1000], offset))
    assert client.write(0, PAGE) == 0
    monkeypatch.undo()
    assert client.read(0, len(PAGE)) == (0, PAGE)


@pytest.mark.parametrize(
    ("below", "above"), [(errno.ENOSPC, errno.ENOSPC), (errno.EIO, errno.EIO), (errno.EDQUOT, errno.EIO)]
)
def test_an_error_of_the_machines_own_disk_is_passed_on(
    client: NbdClient, monkeypatch: pytest.MonkeyPatch, below: int, above: int
) -> None:
    def full(*_: object) -> int:
        raise OSError(below, os.strerror(below))

    monkeypatch.setattr(os, "pwrite", full)
    assert client.write(0, PAGE) == above
    monkeypatch.undo()
    assert client.write(0, PAGE) == 0


def test_two_changes_within_one_tick_of_the_clock_are_both_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Layout(tmp_path / "i")
    place.knobs.mkdir(parents=True)
    place.image.touch()
    disk = Disk(place)
    monkeypatch.setattr(knobs, "stamp", lambda _: 1)
    knobs.turn(place.knobs, Knob.LIMIT, "one", 5)
    disk.look()
    knobs.turn(place.knobs, Knob.LIMIT, "two", 3)
    disk.look()
    assert disk._model.behaviour.limit == 3


def test_a_program_that_cannot_show_the_disk_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Layout(tmp_path / ("long" * 25) / "i")  # longer than the path of a socket may be
    place.knobs.mkdir(parents=True)
    place.image.touch()
    (tmp_path / "nbdfuse").write_text("#!/bin/sh\necho mount failed: not permitted >&2\nexit 1\n")
    (tmp_path / "nbdfuse").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    argv = [*python_module("chaos.host.disk.server"), str(place.image)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr.strip()) == ("", "nbdfuse: mount failed: not permitted")
    assert done.returncode == 1
    assert place.socket.is_socket()


def test_without_its_image_a_server_says_what_is_missing(tmp_path: Path) -> None:
    argv = [*python_module("chaos.host.disk.server"), str(tmp_path / "gone")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().endswith(f"No such file or directory: '{tmp_path}/gone'")
