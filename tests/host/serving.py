"""A disk whose server runs in a thread of the test, without nbdfuse: reached over its socket."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from chaos.host.disk import account, knobs
from chaos.host.disk.account import Account
from chaos.host.disk.knobs import Knob
from chaos.host.disk.layout import Layout
from chaos.host.disk.server import Client, Disk
from tests.host.nbd_client import NbdClient
from tests.waiting import wait_until

SIZE = 8 << 20
OWNER = "step"


class Serving:
    def __init__(self, directory: Path) -> None:
        self.place = Layout(directory / "i")
        self.place.knobs.mkdir(parents=True)
        with self.place.image.open("wb") as image:
            image.truncate(SIZE)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(60)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        disk = Disk(self.place)
        server = await self._loop.create_unix_server(lambda: Client(disk), self.place.socket)
        obeying = self._loop.create_task(disk.obey())
        self._loop.call_soon(self._ready.set)
        stopped = self._loop.create_task(self._stop.wait())
        await asyncio.wait([obeying, stopped], return_when=asyncio.FIRST_COMPLETED)
        obeying.cancel()
        stopped.cancel()
        server.close()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def client(self) -> NbdClient:
        client = NbdClient(self.place.socket)
        assert client.go() == SIZE
        return client

    @property
    def seen(self) -> Account:
        return account.read(self.place.account)

    def turn(self, knob: Knob, value: object, owner: str = OWNER) -> None:
        """Turn a knob; return once the disk has obeyed."""
        knobs.turn(self.place.knobs, knob, owner, value)
        self._obeyed()

    def lift(self, knob: Knob) -> None:
        knobs.lift(self.place.knobs, knob, OWNER)
        self._obeyed()

    def _obeyed(self) -> None:
        begun = self.seen.at
        wait_until(lambda: self.seen.at > begun)  # one look at the knobs may have been in progress
        begun = self.seen.at
        wait_until(lambda: self.seen.at > begun)

    def waiting(self, requests: int) -> None:
        """Return once that many requests wait for their answer."""
        wait_until(lambda: self.seen.queued == requests)
