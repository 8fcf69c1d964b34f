"""`python -m tests.calibration.truth_server`: a server that is told its own future, and keeps to it exactly.

Reads its future as one JSON line (a list of events, see `future`), answers `{"port", "control"}`, and ends when
its standard input ends. On the control port `/go` begins the future, `/record` gives what was really done.
Times in the record are of time.monotonic().
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import math
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chaos.load.ledger import ROOM
from chaos.load.priority import raise_priority
from tests.calibration.conversation import Connection, Request
from tests.calibration.future import Event


@dataclass(slots=True)
class Entry:
    """One request, and what became of it."""

    route: str
    seq: int | None
    at: float
    did: list[str]
    status: int | None = None
    answered: float | None = None  # None: never, or nobody was there to hear it


@dataclass
class TruthServer:
    future: list[Event]
    entries: list[Entry] = field(default_factory=list)
    stored: dict[int, list[str]] = field(default_factory=dict)  # checksums by sequence number
    closed: list[tuple[str, float]] = field(default_factory=list)  # when nobody listened, and again somebody
    gone: float = math.inf

    def __post_init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._connections: list[Connection] = []
        self._listener: asyncio.Server | None = None
        # keeps the port while nobody listens on it: else a client might be given it as its own
        self._holder = _bound(0)
        self.port: int = self._holder.getsockname()[1]

    async def listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._connection, sock=_bound(self.port), backlog=1000)
        self.closed.append(("opened", time.monotonic()))

    def control(self, request: Request, connection: Connection) -> None:
        if request.path == "/go":
            self._go()
        connection.answer(200, {"go": self.gone, "closed": self.closed, **self._record(request.path)})

    def _record(self, path: str) -> dict[str, Any]:
        return {"entries": [asdict(entry) for entry in self.entries]} if path == "/record" else {}

    def _go(self) -> None:
        loop = asyncio.get_running_loop()
        self.gone = time.monotonic()
        for event in self.future:
            if event.do == "refuse":
                loop.call_at(self.gone + event.start, self._refuse)
                loop.call_at(self.gone + event.end, lambda: loop.create_task(self.listen()))

    def _refuse(self) -> None:
        if self._listener is not None:
            self._listener.close()
        self.closed.append(("closed", time.monotonic()))
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    def _connection(self) -> Connection:
        connection = Connection(self.take)
        self._connections.append(connection)
        return connection

    def take(self, request: Request, connection: Connection) -> None:
        """Do to the request what the future says, and write it down."""
        events = list(self._events(request))
        seq, document = self._serve(request, {event.do for event in events})
        number = None if seq is None else seq % ROOM  # without what makes the key its run's
        entry = Entry(urlsplit(request.path).path, number, request.at, [event.do for event in events])
        self.entries.append(entry)
        status = 200 if seq is None else 201
        if "fail" in entry.did or "break_list" in entry.did:
            status, document = 503, {}
        if "hang" in entry.did:
            return
        delays = [_delay(event, request.at - self.gone) for event in events if event.do == "slow"]
        answer: Any = b"the ledger is in good order" if "garbage" in entry.did else document
        loop = asyncio.get_running_loop()
        if delays:
            loop.call_at(request.at + max(delays), _answer, entry, connection, status, answer)
        else:
            _answer(entry, connection, status, answer)

    def _events(self, request: Request) -> Iterator[Event]:
        for index, event in enumerate(self.future):
            if event.do == "refuse":
                continue  # what was taken was not refused, though it came in that very instant
            if event.at(request.at - self.gone) and _concerns(event, request):
                self._counts[index] += 1
                if event.chooses(self._counts[index]):
                    yield event

    def _serve(self, request: Request, did: set[str]) -> tuple[int | None, Any]:
        """The sequence number of a write that was asked for, and what a good answer holds."""
        if "after" in (query := _query(request)):
            return None, self._page(int(query["after"][0]), int(query["limit"][0]))
        if not request.path.startswith("/records"):
            return None, {}
        record = json.loads(request.body)
        seq, payload = record["seq"], record["payload"] + ("?" if "alter" in did else "")
        if not did & {"fail", "hang", "forget"}:
            checksum = hashlib.sha256(payload.encode()).hexdigest()[:16]
            self.stored.setdefault(seq, []).extend([checksum] * (2 if "double" in did else 1))
        return seq, {"seq": seq}

    def _page(self, after: int, limit: int) -> dict[str, Any]:
        rows = [
            {"seq": seq, "checksum": held}
            for seq in sorted(self.stored)
            if seq > after
            for held in self.stored[seq]
        ]
        return {"records": rows[:limit], "last": len(rows) <= limit}


def _bound(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    return sock


def _query(request: Request) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.path).query)


def _concerns(event: Event, request: Request) -> bool:
    """Whether the request is of the kind that the event is about."""
    after = _query(request).get("after")
    if event.do == "break_list":
        return after is not None and int(after[0]) % ROOM >= event.after
    return after is None and request.path.startswith(event.route)


def _delay(event: Event, moment: float) -> float:
    return event.seconds + (event.rising * (moment - event.start) if event.rising else 0.0)


def _answer(entry: Entry, connection: Connection, status: int, document: Any) -> None:
    entry.answered = connection.answer(status, document)
    entry.status = status


async def main() -> None:
    reader = asyncio.StreamReader(limit=2**20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    server = TruthServer([Event(**event) for event in json.loads(await reader.readline())])
    await server.listen()
    control = await loop.create_server(lambda: Connection(server.control), "127.0.0.1", 0)
    print(json.dumps({"port": server.port, "control": control.sockets[0].getsockname()[1]}), flush=True)
    raise_priority()
    gc.freeze()
    gc.disable()
    await reader.read()


if __name__ == "__main__":
    # select() counts microseconds where epoll counts milliseconds: answers come when they are due
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        runner.run(main())
