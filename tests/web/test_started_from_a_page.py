"""A run started, seen live and stopped from the pages, in headless Chromium; its server is restarted meanwhile."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.record import store
from chaos.run.stopping import player
from chaos.undo.heal import in_progress
from chaos.web import acts
from tests.midnight import Midnight
from tests.waiting import wait_until
from tests.web.browser import Page, browsing, needed

pytestmark = pytest.mark.real

FORM = """(() => {
  const form = document.querySelector("form[action='/act/start']");
  form.experiment.value = "smoke", form.aim.value = "embedded, fragile", form.seed.value = "7", form.by.value = "Ann";
})()"""


@pytest.fixture(autouse=True)
def _state(midnight: Midnight, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    needed()
    for name, value in midnight.environment.items():
        if name.startswith(("MIDNIGHT_", "XDG_")):
            monkeypatch.setenv(name, value)
    yield
    if in_progress():  # the test has failed: the run does not end with its server
        midnight("stop", "--all")


def serving(midnight: Midnight) -> str:
    """Start a server, and return its address with the token."""
    midnight.start("web", "--listen", "127.0.0.1:0", "--allow-run")
    output = midnight.place / "output"
    wait_until(lambda: "enter?token=" in output.read_text(), "the address with the token")
    (found,) = re.findall(r"http://127\.0\.0\.1:\d+/enter\?token=\S+", output.read_text())
    return str(found)


def end(midnight: Midnight) -> None:
    server = midnight.started[-1]
    server.send_signal(signal.SIGTERM)
    assert server.wait(60) == 0


def test_a_run_is_started_seen_and_stopped_and_nothing_is_left(midnight: Midnight, tmp_path: Path) -> None:
    asyncio.run(_act(midnight, tmp_path / "browser"))
    end(midnight)
    wait_until(lambda: player(midnight.run) is None, "the end of its process")
    assert store.unhealed_runs() == []
    assert midnight.verdict["exit_code"] == 4
    command = "run smoke --target embedded --profile fragile --seed 7"
    run = midnight.run.id
    assert [(each.who, each.what, each.run) for each in acts.newest(9)[::-1]] == [
        ("Ann", command, ""),
        ("Ann", command, run),
        ("Ann", command, ""),
        ("Ann", command, ""),
        ("Bob", f"stop {run}", run),
        ("Bob", f"stop {run}", run),
    ]
    assert "Traceback" not in (midnight.place / "output").read_text()


async def _act(midnight: Midnight, place: Path) -> None:
    async with browsing(place) as page:
        entrance = serving(midnight)
        await page.open(entrance)
        await _start(page)
        live = await page.value("location.pathname")
        (run,) = in_progress()
        assert live == f"/live/{run.id}"
        await page.until("document.querySelector('#events').innerText.includes('volume data')")

        await page.open(entrance.replace("enter", "act", 1).partition("?")[0])
        await _start(page)
        assert f"is in use by run {run.id}" in await page.text()

        end(midnight)
        assert [each.id for each in in_progress()] == [run.id], "it outlives the server"
        entrance = serving(midnight)
        await page.open(entrance)
        await page.open(entrance.partition("/enter")[0] + live)
        await page.value("document.querySelector('#stop').by.value = 'Bob'")
        await page.click("#stop button")
        await page.until(
            "document.querySelector('#state').innerText != 'In progress; events appear as they are written.'"
        )
        assert "run ended: aborted: stopped by SIGTERM" in await page.text()
        assert await page.value("document.querySelector('#stop') === null")
        assert [each for each in page.errors if "409" not in each] == []


async def _start(page: Page) -> None:
    await page.value(FORM)
    await page.click("form[action='/act/start'] button")
