"""A process that holds what it is told to hold: one command a line on standard input, one answer a line.

file N, deleted N, pipe N, epoll N, memory N, unix N, thread N    hold N more
connect PORT N    hold N connections to a port of this machine
listen            listen on a port, and answer with it; accept what comes
drop              give everything back
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import threading
from contextlib import ExitStack
from typing import Any

PROGRAM = __file__


def wait_forever(end: threading.Event) -> None:
    end.wait()  # HELD: the line that the tests look for


def hold(kept: ExitStack, what: str, numbers: list[int]) -> str:
    count = numbers[-1] if numbers else 0
    if what == "listen":
        server = kept.enter_context(socket.create_server(("127.0.0.1", 0)))
        return str(server.getsockname()[1])
    for _ in range(count):
        if what == "thread":
            end = threading.Event()
            thread = threading.Thread(target=wait_forever, args=(end,))
            thread.start()
            kept.callback(thread.join)
            kept.callback(end.set)
        elif what == "connect":
            kept.enter_context(socket.create_connection(("127.0.0.1", numbers[0])))
        else:
            for each in opened(what):
                kept.callback(os.close, each)
    return "done"


def opened(what: str) -> tuple[int, ...]:
    if what in ("file", "deleted"):
        descriptor, path = tempfile.mkstemp(prefix="hoard-", suffix=".pdf", dir=sys.argv[1])
        os.write(descriptor, b"12345")
        if what == "deleted":
            os.unlink(path)  # noqa: PTH108
        return (descriptor,)
    if what == "pipe":
        return os.pipe()
    if what == "epoll":
        return (os.eventfd(0),)
    if what == "memory":
        return (os.memfd_create("hoard"),)
    return tuple(each.detach() for each in socket.socketpair())


def main() -> None:
    kept: Any = ExitStack()
    print("ready", flush=True)
    for line in sys.stdin:
        what, *words = line.split()
        if what == "drop":
            kept.close()
            print("done", flush=True)
        else:
            print(hold(kept, what, [int(word) for word in words]), flush=True)
    kept.close()


if __name__ == "__main__":
    main()
