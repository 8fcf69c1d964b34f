"""A service of the tests' own, in a process of its own: it holds connections and does with them what it is told.

holder.py HOST:PORT COUNT, or PATH:0 COUNT for a Unix socket. Commands on standard input, each answered by one line when
it is done:
`ask N SIZE` sends SIZE bytes on the first N connections; `answer N SIZE` waits for as many on each of these;
`closed N` waits until the other end has closed the first N; `close N` closes them; `open N` opens N more.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass

PROGRAM = __file__


def ask(connection: socket.socket, size: int) -> None:
    connection.sendall(b"x" * size)


def answer(connection: socket.socket, size: int) -> None:
    while size > 0:
        size -= len(connection.recv(size) or b"x" * size)  # closed: no more comes


def closed(connection: socket.socket, _: int) -> None:
    with suppress(ConnectionResetError):
        while connection.recv(1 << 16):
            pass


def close(connection: socket.socket, _: int) -> None:
    connection.close()


VERBS = {each.__name__: each for each in (ask, answer, closed, close)}


def main() -> None:
    host, _, port = sys.argv[1].rpartition(":")
    held: list[socket.socket] = []

    def connected() -> socket.socket:
        if not host.startswith("/"):
            return socket.create_connection((host, int(port)), timeout=30)
        made = socket.socket(socket.AF_UNIX)
        made.connect(host)
        return made

    def opened(count: int) -> None:
        held.extend(connected() for _ in range(count))

    opened(int(sys.argv[2]))
    print("ready", flush=True)
    for line in sys.stdin:
        verb, *numbers = line.split()
        count, size = [*map(int, numbers), 0, 0][:2]
        if verb == "open":
            opened(count)
        else:
            for connection in held[:count]:
                VERBS[verb](connection, size)
        print(verb, flush=True)


@dataclass
class Holder:
    """The test's side of one."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, address: str, count: int) -> Holder:
        argv = [sys.executable, PROGRAM, address, str(count)]
        made = cls(subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        made._await("ready")
        return made

    @property
    def pid(self) -> int:
        return self.process.pid

    def tell(self, command: str) -> None:
        """Return when it is done."""
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        self._await(command.partition(" ")[0])

    def _await(self, word: str) -> None:
        assert self.process.stdout is not None
        said = self.process.stdout.readline().strip()
        assert said == word, said

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


if __name__ == "__main__":
    main()
