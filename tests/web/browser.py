"""Headless Chromium, driven over its own debugging protocol (https://chromedevtools.github.io/devtools-protocol/)."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.waiting import wait_until

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

KEYS = {"Tab": 9, "Enter": 13}

CUT = "ERR_NETWORK_CHANGED"
PATIENCE = 120  # seconds for anything that the browser does


NONE = "Chromium is not on PATH: install the package chromium"


def needed(missing: Sequence[str] = () if PROGRAM else (NONE,)) -> None:
    """Skip a test for want of a browser, saying what to install; REQUIRE_BROWSER=1 makes it fail."""
    if missing:
        (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)("; ".join(missing))


class Page:
    """One tab: what it asked for, what its console said."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._sent = 0
        self._loaded = asyncio.Event()
        self._cut = False  # of what belongs to the page, something was broken off by a change of the network
        self.requested: list[str] = []
        self.errors: list[str] = []

    async def listen(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            else:
                self._note(told["method"], told["params"])

    def _note(self, method: str, given: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requested.append(given["request"]["url"])
        elif method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Network.loadingFailed":
            self._cut |= CUT in given["errorText"]
        elif method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(given["exceptionDetails"]))
        elif method == "Log.entryAdded" and given["entry"]["level"] in ("error", "warning"):
            self.errors += [] if CUT in given["entry"]["text"] else [given["entry"]["text"]]
        elif method == "Runtime.consoleAPICalled" and given["type"] in ("error", "warning", "assert"):
            self.errors.append(json.dumps(given["args"]))

    async def send(self, method: str, **given: Any) -> dict[str, Any]:
        self._sent += 1
        number = self._sent
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": given})
        answer = await asyncio.wait_for(self._answers[number], PATIENCE)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    async def open(self, url: str) -> None:
        while True:
            self._cut = False
            self._loaded.clear()
            await self.send("Page.navigate", url=url)
            await self._shown()
            if not self._cut:  # its styles are there, too
                return

    async def _shown(self) -> None:
        """Until a page is there. A network that comes or goes on this machine, as a test of containers makes one,
        breaks off every request of the browser, on loopback too: such a page is asked for again."""
        await asyncio.wait_for(self._loaded.wait(), PATIENCE)
        while await self.value("location.protocol") == "chrome-error:":
            said = await self.text()
            assert CUT in said, said
            self._loaded.clear()
            await self.send("Page.reload")
            await asyncio.wait_for(self._loaded.wait(), PATIENCE)

    async def click(self, selector: str) -> None:
        """Click what leads to another page, and wait for that."""
        self._loaded.clear()
        assert await self.value(f"Boolean(document.querySelector({json.dumps(selector)}))"), selector
        await self.value(f"document.querySelector({json.dumps(selector)}).click()")
        await self._shown()

    async def value(self, expression: str) -> Any:
        answer = await self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            await self.send(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key]
            )

    async def resize(self, width: int) -> None:
        await self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )

    async def text(self) -> str:
        return str(await self.value("document.body.innerText"))

    async def until(self, expression: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while not await self.value(expression):
                await asyncio.sleep(0.05)  # the page gives no event


@asynccontextmanager
async def browsing(place: Path) -> AsyncIterator[Page]:
    """A tab of a browser of its own, with its files in `place`."""
    assert PROGRAM is not None
    argv = [PROGRAM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    argv += ["--disable-background-networking", "--no-first-run", "--remote-debugging-port=0"]
    argv += [f"--user-data-dir={place}", "--window-size=400,900", "about:blank"]
    # It leaves a directory of its own where it is told to keep such, with a socket, so the path must be short.
    own = tempfile.mkdtemp(prefix="midnight-browser-")
    browser = subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "TMPDIR": own}
    )
    try:
        port = await _port(place / "DevToolsActivePort")
        async with aiohttp.ClientSession() as session:
            address = await _tab(session, port)
            async with session.ws_connect(address, max_msg_size=0) as socket:
                page = Page(socket)
                listening = asyncio.create_task(page.listen())
                for domain in ("Network", "Page", "Runtime", "Log"):
                    await page.send(f"{domain}.enable")
                yield page
                listening.cancel()
    finally:
        browser.terminate()
        browser.wait(PATIENCE)
        wait_until(lambda: _is_removed(Path(own)), "the browser's helpers have ended")


async def _port(file: Path) -> int:
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(FileNotFoundError, IndexError, ValueError):
                return int(file.read_text().splitlines()[0])
            await asyncio.sleep(0.05)  # the browser writes it once it listens


def _is_removed(place: Path) -> bool:
    """Remove it as far as possible: a helper of the browser may write there for a moment longer."""
    shutil.rmtree(place, ignore_errors=True)
    return not place.exists()


async def _tab(session: aiohttp.ClientSession, port: int) -> str:
    """The address of the first tab, which may open a moment after the browser listens."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with session.get(f"http://127.0.0.1:{port}/json") as listed:
                for each in await listed.json():
                    if each["type"] == "page":
                        return str(each["webSocketDebuggerUrl"])
            await asyncio.sleep(0.05)  # it says nowhere that it has opened one
