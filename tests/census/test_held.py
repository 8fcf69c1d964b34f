"""Level 1 names what a process holds: files with their positions, sockets by peer and state, threads by their wait."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chaos.census.connections import Connection
from chaos.census.held import held
from chaos.census.processes import Gone
from tests.census.conftest import AsNobody
from tests.census.hoarding import Hoard
from tests.waiting import wait_until


def of_kind(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each for each in document["descriptors"] if each["kind"] == kind]


def test_files_are_named_with_their_position_and_deleted_ones_by_the_path_they_had(hoard: Hoard) -> None:
    hoard("file", 2)
    hoard("deleted", 3)
    document = held(hoard.pid)
    mine = [
        each
        for each in (*of_kind(document, "file"), *of_kind(document, "deleted"))
        if each["what"].startswith(f"{hoard.place}/hoard-")
    ]
    assert Counter(each["kind"] for each in mine) == {"file": 2, "deleted": 3}
    assert {each["position"] for each in mine} == {5}
    assert all(each["what"].endswith(".pdf") for each in mine)
    assert [Path(each["what"]).exists() for each in mine].count(True) == 2


def test_a_connection_that_its_peer_has_closed_is_close_wait_and_names_the_peer(hoard: Hoard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        hoard("connect", port, 4)
        accepted = [server.accept()[0] for _ in range(4)]
        for each in accepted[:3]:
            each.close()

        def states() -> Counter[str]:
            return Counter(each["state"] for each in of_kind(held(hoard.pid), "socket"))

        wait_until(lambda: states()["CLOSE_WAIT"] == 3, "three are closed")
        document = held(hoard.pid)
        accepted[3].close()
    assert states()["ESTABLISHED"] + states()["CLOSE_WAIT"] == 4
    assert Counter(each["what"] for each in of_kind(document, "socket")) == {
        f"socket tcp 127.0.0.1:{port} CLOSE_WAIT": 3,
        f"socket tcp 127.0.0.1:{port} ESTABLISHED": 1,
    }
    peer = {"protocol": "tcp", "peer": f"127.0.0.1:{port}", "accepted": False}
    assert document["sockets"] == [
        {**peer, "state": "CLOSE_WAIT", "count": 3},
        {**peer, "state": "ESTABLISHED", "count": 1},
    ]


def test_a_connection_that_it_has_accepted_is_told_from_one_it_has_made() -> None:
    program = (
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "print(server.getsockname()[1], flush=True)\n"
        "kept = [server.accept() for _ in range(2)]\n"
        "print('accepted', flush=True)\n"
        "input()\n"
    )
    argv = [sys.executable, "-Ic", program]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        port = int(child.stdout.readline())
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(2)]
        child.stdout.readline()
        document = held(child.pid)
        child.kill()
    named = {each["what"] for each in of_kind(document, "socket")}
    ours = [each.getsockname()[1] for each in clients]
    assert named == {
        f"socket tcp 127.0.0.1:{port} LISTEN",
        *(f"socket tcp accepted on :{port} from 127.0.0.1:{own} ESTABLISHED" for own in ours),
    }
    for each in clients:
        each.close()


def test_a_unix_socket_leads_to_the_path_of_its_listener(tmp_path: Path) -> None:
    path = str(tmp_path / "db.sock")
    program = (
        "import socket, sys\n"
        "a = socket.socket(socket.AF_UNIX); a.connect(sys.argv[1])\n"
        "b = socket.socket(); print('ready', flush=True); input()\n"
    )
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        argv = [sys.executable, "-Ic", program, path]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None and child.stdout.readline() == "ready\n"
            with server.accept()[0]:
                found = of_kind(held(child.pid), "socket")
            child.kill()
    assert [each["what"] for each in found] == [f"socket unix {path} CONNECTED", "socket tcp not connected"]


def test_threads_are_listed_with_what_they_wait_for(hoard: Hoard) -> None:
    hoard("thread", 3)

    def wait_in() -> set[tuple[str, str]]:
        return {(each["state"], each["wchan"]) for each in held(hoard.pid)["threads"][1:]}

    threads = held(hoard.pid)["threads"]
    assert len(threads) == hoard.counts()["threads"] == 4
    assert threads[0]["tid"] == hoard.pid
    wait_until(lambda: len(wait_in()) == 1)  # one that has only just started may still be on its way there
    assert {state for state, _ in wait_in()} == {"sleeping"}


def test_the_command_is_shown_without_its_secrets() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 600; exit", "--password=hunter2hunter2"]) as child:
        wait_until(lambda: b"hunter2" in Path(f"/proc/{child.pid}/cmdline").read_bytes())
        wait_until(lambda: Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text())
        command = held(child.pid)["command"]
        subprocess.run(["pkill", "-P", str(child.pid)], check=True)
    assert command == "sh -c sleep 600; exit --password=«secret»"


def test_a_process_that_has_ended_is_gone_and_one_of_another_user_is_unseen(
    hoard: Hoard, as_nobody: AsNobody
) -> None:
    assert as_nobody(lambda: held(hoard.pid)).startswith(f"Unseen: process {hoard.pid} belongs to user 0")
    hoard.process.kill()
    hoard.process.wait()
    with pytest.raises(Gone):
        held(hoard.pid)


@pytest.mark.parametrize(
    ("connection", "what"),
    [
        (Connection("tcp", "10.0.0.2:40312", "10.0.0.3:5432", "ESTABLISHED"), "socket tcp 10.0.0.3:5432 ESTABLISHED"),
        (Connection("tcp", "[::]:80", "", "LISTEN"), "socket tcp [::]:80 LISTEN"),
        (Connection("udp", "0.0.0.0:53", "", ""), "socket udp 0.0.0.0:53"),
        (Connection("unix", "", "", "CONNECTED"), "socket unix CONNECTED"),
        (Connection("netlink", "", "", "not connected"), "socket netlink not connected"),
    ],
)  # fmt: skip
def test_a_socket_is_said_in_one_line(connection: Connection, what: str) -> None:
    assert connection.what == what
