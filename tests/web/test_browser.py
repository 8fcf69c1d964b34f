"""`midnight web` as a person uses it: a process of its own, read in headless Chromium."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chaos.record.store import RunDir
from chaos.undo.locks import hold_lock
from tests.history import stored
from tests.history.stored import Stored
from tests.midnight import Midnight
from tests.waiting import wait_until
from tests.web.browser import browsing, needed
from tests.web.pages import began, write

pytestmark = pytest.mark.real

HOSTILE = "<img src=x onerror=document.title='taken'>"


@pytest.fixture
def address(midnight: Midnight, monkeypatch: pytest.MonkeyPatch) -> str:
    """A server over some nights, one of them with a hostile name."""
    needed()
    for name, value in midnight.environment.items():
        if name.startswith(("MIDNIGHT_", "XDG_")):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(stored, "FIRST", datetime.now(UTC) - timedelta(days=20))
    reports = midnight.place / "reports"
    for night in range(18):
        run = Stored(night, verdict="fail" if night == 7 else "pass", exit_code=int(night == 7)).write(
            reports
        )
        run.report.write_text("<style>p { color: #123456 }</style><p>the whole report</p>")
    Stored(19, experiment=HOSTILE, target=HOSTILE).write(reports)
    midnight.start("web", "--listen", "127.0.0.1:0")
    output = midnight.place / "output"
    wait_until(lambda: "http://" in output.read_text(), "the address of the server")
    (found,) = re.findall(r"(http://127\.0\.0\.1:\d+)/ \(read-only\)", output.read_text())
    return str(found)


def test_a_person_reads_the_morning_page(midnight: Midnight, address: str, tmp_path: Path) -> None:
    live = began()
    with ExitStack() as playing:
        playing.enter_context(hold_lock(live))
        asyncio.run(_read(address, tmp_path / "browser", live, playing))
    (server,) = midnight.started
    server.send_signal(signal.SIGTERM)
    assert server.wait(60) == 0
    assert "Traceback" not in (midnight.place / "output").read_text()


async def _read(address: str, place: Path, live: RunDir, playing: ExitStack) -> None:
    async with browsing(place) as page:
        await page.open(address)
        front = await page.text()
        assert HOSTILE in front
        assert await page.value("document.documentElement.scrollWidth <= window.innerWidth"), (
            "wider than a phone"
        )
        assert (
            await page.value("getComputedStyle(document.querySelector('h1')).color") == "rgb(255, 255, 255)"
        )

        await page.click("a.mark.fail")
        assert "FAIL: availability as planted" in await page.text()
        await page.click("table.runs td a")
        assert "Findings" in await page.text()
        await page.click("a.button")
        assert "the whole report" in await page.text()
        assert await page.value("getComputedStyle(document.querySelector('p')).color") == "rgb(18, 52, 86)"

        await page.open(f"{address}/runs")
        await page.value("document.querySelector('[name=verdict]').value = 'fail'")
        await page.click("form button")
        assert "1 run, newest first" in await page.text()

        for path in ("/trend", "/trend/midnight", "/schedules"):
            await page.open(f"{address}{path}")
        await page.open(address)
        await page.click("a[href^='/live/']")
        for name in ("api", HOSTILE):
            write(live, name)
            await page.until(f"document.querySelector('#events').innerText.includes({name!r})")
        write(live, "`bought`")
        await page.until("document.querySelector('#events code')?.innerText == 'bought'")
        playing.close()
        await page.until("document.querySelector('#state').innerText == 'The run has ended.'")

        assert await page.value("document.title") == f"run {live.id} live"
        assert page.errors == []
        assert len(page.requested) > 20
        assert [each for each in page.requested if not each.startswith(f"{address}/")] == []

        await page.open(f"{address}/no-such-page")
        assert page.errors, "an error is seen where there is one"


def test_a_report_can_run_nothing(midnight: Midnight, address: str, tmp_path: Path) -> None:
    run = RunDir(midnight.place / "reports" / "midnight" / Stored(17).id)
    run.report.write_text(f"<title>mine</title><script>document.title = 'taken'</script>{HOSTILE}")

    async def read() -> tuple[str, list[str]]:
        async with browsing(tmp_path / "browser") as page:
            await page.open(f"{address}/runs/{run.id}/report")
            return await page.value("document.title"), page.errors

    title, errors = asyncio.run(read())
    assert title == "mine"
    assert any("Content Security Policy" in each for each in errors)


LONG = "something_" + "y" * 90

SIDEWAYS = """[document.documentElement, ...document.querySelectorAll('.wide')]
    .filter(each => each.scrollWidth > Math.min(each.clientWidth, window.innerWidth))
    .map(each => each.getAttribute('aria-label') || 'the page')"""


def test_no_page_scrolls_sideways_on_a_phone(midnight: Midnight, address: str, tmp_path: Path) -> None:
    run = RunDir(midnight.place / "reports" / "midnight" / Stored(7).id)
    document = json.loads(run.verdict.read_text())
    document["reasons"] = [f"see https://example.org/{LONG}"]
    document["findings"] += [
        {**document["findings"][0], "name": LONG, "because": f"{LONG}, which is no evidence of anything"}
    ]
    run.verdict.write_text(json.dumps(document))
    paths = ("/", "/runs", f"/runs/{run.id}", f"/live/{run.id}", "/trend", "/trend/midnight", "/schedules")

    async def read() -> dict[str, list[str]]:
        async with browsing(tmp_path / "browser") as page:
            found = {}
            for width in (400, 320):
                await page.resize(width)
                for path in paths:
                    await page.open(f"{address}{path}")
                    found[f"{path} at {width}"] = await page.value(SIDEWAYS)
            await page.open(f"{address}/runs/{run.id}")
            named = "getComputedStyle(document.querySelector('td.number'), '::before').content"
            assert await page.value(named) == '"measured: "'
            return found

    found = asyncio.run(read())
    assert len(found) == 2 * len(paths)
    assert {where: what for where, what in found.items() if what} == {}
