"""What is done to a process is an effect where it serves somebody, and none where it serves nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from chaos.checks.finding import Outcome
from chaos.host.processes import ref_of
from chaos.path import Traffic
from chaos.plugin.handles import Handles
from tests.path.acting import made, played
from tests.path.conftest import Holders

pytestmark = pytest.mark.real

# A server with a child of its own that answers; it forks one more for each line on its standard input.
SERVER = """
import os, socket, sys, threading
if len(sys.argv) > 1:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen(8)
else:
    listener = socket.create_server(("127.0.0.1", 0))
def serve():
    while True:
        held, _ = listener.accept()
        threading.Thread(target=answer, args=(held,), daemon=True).start()
def answer(held):
    while data := held.recv(65536): held.sendall(data)
def fork():
    if os.fork() == 0:
        serve()
fork()
name = listener.getsockname()
print(name if isinstance(name, str) else name[1], flush=True)
for line in sys.stdin:
    fork()
    print("forked", flush=True)
"""


class Server:
    def __init__(self, *path: str) -> None:
        argv = [sys.executable, "-c", SERVER, *path]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True, start_new_session=True)
        self.address = f"{self._line()}:0" if path else f"127.0.0.1:{self._line()}"

    @property
    def handles(self) -> Handles:
        return Handles(processes={"api": (ref_of(self.process.pid),)}, base_url="http://127.0.0.1:1")

    def fork(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self._line() == "forked"

    def states(self) -> set[str]:
        first = psutil.Process(self.process.pid)
        return {each.status() for each in (first, *first.children(recursive=True))}

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.fixture
def servers() -> Iterator[Callable[..., Server]]:
    with ExitStack() as there:

        def start(*path: str) -> Server:
            made = Server(*path)
            there.callback(made.stop)
            return made

        yield start


Servers = Callable[..., Server]


def test_a_pause_is_proven_by_what_waits_for_the_process(
    servers: Servers, holders: Holders, tmp_path: Path
) -> None:
    server = servers()
    client = holders(server.address, 2)
    fault = made("pause", server.handles)
    done = played(fault, tmp_path, first=lambda: client.tell("ask 2 10"), seconds=1.0, cut=False)
    assert done.outcome is Outcome.PASS, done
    assert done.held.dose["connections_that_waited"] == 2 and done.held.dose["paused_seconds"] >= 0.9
    client.tell("answer 2 10")


def test_a_connection_that_was_not_accepted_yet_waits_too(
    servers: Servers, holders: Holders, tmp_path: Path
) -> None:
    server = servers()

    def comes() -> None:
        holders(server.address, 1).tell("ask 1 10")

    done = played(made("pause", server.handles), tmp_path, first=comes, seconds=1.0, cut=False)
    assert done.outcome is Outcome.PASS and done.held.dose["connections_that_waited"] == 1, done


def test_connections_that_wait_at_a_unix_socket_count_too(
    servers: Servers, holders: Holders, tmp_path: Path
) -> None:
    server = servers(str(tmp_path / "socket"))
    client = holders(server.address, 2)

    def asks_and_another_comes() -> None:
        client.tell("ask 2 10")
        holders(server.address, 1).tell("ask 1 10")

    done = played(
        made("pause", server.handles), tmp_path, first=asks_and_another_comes, seconds=1.0, cut=False
    )
    assert done.outcome is Outcome.PASS and done.held.dose["connections_that_waited"] >= 3, done
    assert done.held.evidence["connections_in_use_before"] == 2


def test_a_pause_of_an_idle_process_is_unknown(servers: Servers, tmp_path: Path) -> None:
    done = played(made("pause", servers().handles), tmp_path, seconds=0.5, cut=False)
    assert done.held.dose["paused_seconds"] >= 0.45
    assert done.outcome is Outcome.UNKNOWN and "only midnight used" in done.because, done


def test_children_forked_after_prepare_are_paused_and_continued_too(servers: Servers) -> None:
    server = servers()
    fault = made("pause", server.handles)
    undo = fault.prepare()
    server.fork()
    fault.inject()
    assert server.states() == {psutil.STATUS_STOPPED}
    type(fault).undo(undo)
    assert psutil.STATUS_STOPPED not in server.states()


def test_a_kill_is_proven_by_the_connections_that_it_breaks(
    servers: Servers, holders: Holders, tmp_path: Path
) -> None:
    server = servers()
    client = holders(server.address, 3)
    client.tell("ask 3 10")
    client.tell("answer 3 10")
    done = played(made("kill", server.handles), tmp_path, seconds=0.5, cut=False)
    assert done.outcome is Outcome.PASS and done.held.dose["connections_in_use"] == 3, done


def test_a_kill_of_an_idle_process_is_unknown(servers: Servers, tmp_path: Path) -> None:
    done = played(made("kill", servers().handles), tmp_path, seconds=0.5, cut=False)
    assert done.held.dose["ended"] == 1
    assert done.outcome is Outcome.UNKNOWN and "only midnight used" in done.because, done


def test_connections_of_midnight_itself_do_not_count_and_those_of_its_load_do(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, holders: Holders
) -> None:
    server = servers()
    traffic = Traffic(ref_of(server.process.pid), mark="run/step")
    for step in ("crowd", "load"):
        monkeypatch.setenv("MIDNIGHT_MARK", f"run/{step}")
        client = holders(server.address, 1)
        client.tell("ask 1 10")
        client.tell("answer 1 10")
    assert traffic.connections() == 1
    traffic.close()
