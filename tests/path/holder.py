"""A service of the tests' own, in a process of its own: it holds connections and does with them what it is told.

holder.py HOST:PORT COUNT. Commands on standard input, each answered by one line when it is done:
`ask N SIZE` sends SIZE bytes on the first N connections; `answer N SIZE` waits for as many on each of these;
`close N` closes the first N; `open N` opens N more; `leave` ends it.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import dataclass

PROGRAM = __file__


def main() -> None:
    host, _, port = sys.argv[1].rpartition(":")
    held: list[socket.socket] = []

    def opened(count: int) -> None:
        held.extend(socket.create_connection((host, int(port)), timeout=30) for _ in range(count))

    def read(connection: socket.socket, size: int) -> None:
        while size > 0:
            size -= len(connection.recv(size) or b"x" * size)  # closed: no more comes

    opened(int(sys.argv[2]))
    print("ready", flush=True)
    for line in sys.stdin:
        verb, *numbers = line.split()
        count, size = [*map(int, numbers), 0, 0][:2]
        if verb == "open":
            opened(count)
        for connection in held[:count] if verb != "open" else ():
            if verb == "ask":
                connection.sendall(b"x" * size)
            elif verb == "answer":
                read(connection, size)
            else:
                connection.close()
        print(verb, flush=True)
        if verb == "leave":
            return


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
        self.begin(command)
        self._await(command.split(maxsplit=1)[0])

    def begin(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def _await(self, word: str) -> None:
        assert self.process.stdout is not None
        said = self.process.stdout.readline().strip()
        assert said == word, said

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


if __name__ == "__main__":
    main()
