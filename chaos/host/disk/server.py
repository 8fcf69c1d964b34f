"""Serve an image file as a disk, and show it as a file with nbdfuse, until either ends.

Usage: python -m chaos.host.disk.server IMAGE, with the directory of its layout and the knobs in place. Prints `ready`
once the disk can be used; the reason for a failure goes to standard error.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos.host import mounting
from chaos.host.disk import account, knobs, nbd
from chaos.host.disk.layout import Layout
from chaos.host.disk.model import Kind, Model

PERIOD = 0.02  # seconds between looks at the knobs
KINDS = {
    nbd.Command.READ: Kind.READ,
    nbd.Command.WRITE: Kind.WRITE,
    nbd.Command.TRIM: Kind.WRITE,
    nbd.Command.FLUSH: Kind.FLUSH,
}


@dataclass(slots=True, eq=False)
class Done:
    """A request that was carried out and whose answer is delayed."""

    request: nbd.Request
    client: asyncio.Transport
    data: bytes
    error: int
    at: float  # of the monotonic clock
    timer: asyncio.TimerHandle | None = None


class Disk:
    """One queue of requests, served in turn from an image."""

    def __init__(self, place: Layout) -> None:
        self._image = os.open(place.image, os.O_RDWR | os.O_CLOEXEC)
        self.size = os.fstat(self._image).st_size
        self._knobs, self._stamp, self._settled = place.knobs, -1, False
        self._model = Model()
        self._writing = account.Writing(place.account)
        self._seen = self._writing.account
        self._arrived: dict[nbd.Request, float] = {}
        self._queue: deque[tuple[nbd.Request, asyncio.Transport]] = deque()
        self._begun = 0.0  # since when the first of them has been first
        self._held_since = 0.0  # since when it has waited for the limit, uncounted; 0: it does not
        self._delayed: dict[nbd.Request, Done] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def obey(self) -> None:
        """Follow the knobs, and keep the account up to date."""
        while True:
            with suppress(OSError):
                self.look()
            self._note()
            await asyncio.sleep(PERIOD)

    def look(self) -> None:
        """Read the knobs if they have changed. Raises OSError."""
        stamp = knobs.stamp(self._knobs)
        if stamp == self._stamp and self._settled:
            return
        # once more a period later: of two changes within one tick of the kernel's clock, the second leaves no trace
        self._settled = stamp == self._stamp
        self._stamp, self._model.behaviour = stamp, knobs.read(self._knobs)
        self._go_on()
        for done in list(self._delayed.values()):
            self._answer_in_time(done)

    def take(self, request: nbd.Request, client: asyncio.Transport) -> None:
        now = self._arrived[request] = time.monotonic()
        if not self._queue:
            self._begun = now
        self._queue.append((request, client))
        if len(self._queue) == 1:
            self._go_on()

    def _go_on(self) -> None:
        """Serve what may pass now; come back when the next one may."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._count_held_back(time.monotonic())
        self._held_since = 0.0
        while self._queue:
            request, client = self._queue[0]
            moved, now = 0 if request.command is nbd.Command.TRIM else request.length, time.monotonic()
            if wait := self._model.waits(now, self._begun, moved):
                self._timer = asyncio.get_running_loop().call_later(wait, self._go_on)
                self._held_since = 0.0 if self._model.stalled(now) else now
                return
            self._model.passed(now, self._begun, moved)
            self._queue.popleft()
            self._begun = now
            self._serve(request, client)

    def _serve(self, request: nbd.Request, client: asyncio.Transport) -> None:
        data, error = self._carried_out(KINDS[request.command], request)
        self._answer_in_time(Done(request, client, data, error, time.monotonic()))

    def _answer_in_time(self, done: Done) -> None:
        """Answer once the delay, as it is now, is over."""
        if done.timer is not None:
            done.timer.cancel()
        left = done.at + self._model.delay(KINDS[done.request.command]) - time.monotonic()
        if left > 0:
            self._delayed[done.request] = done
            done.timer = asyncio.get_running_loop().call_later(left, self._answer_in_time, done)
        else:
            self._delayed.pop(done.request, None)
            self._answer(done)

    def _carried_out(self, kind: Kind, request: nbd.Request) -> tuple[bytes, int]:
        """Carry out a request, unless it has to fail; return its data and its error number."""
        if error := self._model.error(kind, request.offset, request.length):
            return b"", error
        if request.offset + request.length > self.size:
            return b"", errno.EINVAL
        try:
            if kind is Kind.READ:
                return os.pread(self._image, request.length, request.offset), 0
            if request.command is nbd.Command.WRITE:
                self._write(request.data, request.offset)
        except OSError as failed:  # the disk below is full, say
            return b"", errno.ENOSPC if failed.errno == errno.ENOSPC else errno.EIO
        # Flushed to the page cache only: the image is thrown away if the machine stops.
        return b"", 0

    def _write(self, data: bytes, offset: int) -> None:
        written = os.pwrite(self._image, data, offset)
        if written < len(data):  # the disk below is full: going on gives the error
            self._write(data[written:], offset + written)

    def _answer(self, done: Done) -> None:
        seen, request = self._seen.of(KINDS[done.request.command]), done.request
        seen.requests += 1
        seen.wait += time.monotonic() - self._arrived.pop(request)
        seen.errors += bool(done.error)
        seen.bytes += 0 if done.error else len(done.data) or len(request.data)
        if not done.client.is_closing():
            done.client.write(nbd.answer(request, done.error, done.data))

    def _count_held_back(self, now: float) -> None:
        if self._held_since:
            self._seen.held_back += now - self._held_since
            self._held_since = now

    def _note(self) -> None:
        seen, now = self._seen, time.monotonic()
        stalled = self._model.stalled(now) and seen.at
        seen.stalled += now - seen.at if stalled else 0.0
        self._count_held_back(now)
        seen.at, seen.limit = now, self._model.behaviour.limit
        seen.queued, seen.oldest = len(self._arrived), next(iter(self._arrived.values()), 0.0)
        self._writing.write()


class Client(asyncio.Protocol):
    """A connection to the disk: it parses requests and hands them over."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._parsing = nbd.conversation(
            self._disk.size, transport.write, lambda request: self._disk.take(request, transport)
        )
        self._needed = next(self._parsing)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while len(self._buffer) >= self._needed:
                piece = bytes(self._buffer[: self._needed])
                del self._buffer[: self._needed]
                self._needed = self._parsing.send(piece)
        except (StopIteration, ValueError):
            self._transport.close()


async def shown(place: Layout) -> asyncio.subprocess.Process:
    """Show the disk as a file; return nbdfuse once the file is there. Raises OSError, RuntimeError."""
    place.raw.touch()
    shower = await asyncio.create_subprocess_exec(
        "nbdfuse",
        str(place.raw),
        "--unix",
        place.socket.name,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    while not mounting.mounted(place.raw):
        if shower.returncode is not None:
            assert shower.stderr is not None
            said = (await shower.stderr.read()).decode(errors="replace").strip()
            raise RuntimeError(f"nbdfuse: {said or shower.returncode}")
        await asyncio.sleep(PERIOD)
    return shower


async def discard(stream: asyncio.StreamReader | None) -> None:
    """Read to the end: nbdfuse prints a line for each error, and would stop at a full pipe."""
    while stream is not None and await stream.read(1 << 16):
        pass


async def run(place: Layout) -> None:
    disk = Disk(place)
    os.chdir(place.directory)  # the path of a socket has at most 107 bytes
    await asyncio.get_running_loop().create_unix_server(lambda: Client(disk), place.socket.name)
    async with asyncio.TaskGroup() as tasks:
        obeying = tasks.create_task(disk.obey())
        shower = await shown(place)
        tasks.create_task(discard(shower.stderr))
        print("ready", flush=True)
        await shower.wait()  # it ends when the file is unmounted
        obeying.cancel()


def main() -> None:
    # Ctrl-C reaches it too, and the file system must outlive that
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):  # a disk does not compete for CPUs; an ordinary user's has to
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    try:
        asyncio.run(run(Layout(Path(sys.argv[1]).absolute())))
    except ExceptionGroup as failed:  # not `except*`: some releases of Python 3.11 wrap the exit in a group
        told, other = failed.split((OSError, RuntimeError))
        if told is None or other is not None:
            raise
        sys.exit("; ".join(str(error) for error in told.exceptions))
    except (OSError, RuntimeError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
