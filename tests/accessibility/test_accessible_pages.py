"""Every page of `midnight web` is for everybody, those with forms included."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chaos.undo.locks import hold_lock
from tests.accessibility import axe
from tests.history import stored
from tests.history.stored import Stored
from tests.midnight import Midnight
from tests.waiting import wait_until
from tests.web.browser import browsing
from tests.web.pages import began, write

pytestmark = [pytest.mark.real, pytest.mark.wide]

SCHEDULES = 'schedules:\n  - {name: nightly, experiment: smoke, when: "0 2 * * *"}\n'


@pytest.fixture
def entrance(midnight: Midnight, monkeypatch: pytest.MonkeyPatch) -> str:
    """The printed address with the token, of a server over some nights, a drill and a schedule."""
    axe.needed()
    for name, value in midnight.environment.items():
        if name.startswith(("MIDNIGHT_", "XDG_")):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(stored, "FIRST", datetime.now(UTC) - timedelta(days=20))
    for night in range(18):
        verdict = "fail" if night == 7 else "unknown" if night == 9 else "pass"
        figures: dict[str, float | None] = {
            "p99": 0.1 if night < 12 else 0.9,
            "recovery": float("inf") if night == 3 else 1.0,
        }
        Stored(night, verdict=verdict, figures=figures).write(midnight.place / "reports")
    Stored(18, experiment="dr-drill", about={"drill": True}).write(midnight.place / "reports")
    schedules = midnight.file("schedules.yaml", SCHEDULES)
    midnight.start("web", "--listen", "127.0.0.1:0", "--allow-run", "-f", schedules)
    output = midnight.place / "output"
    wait_until(lambda: "enter?token=" in output.read_text(), "the address with the token")
    (found,) = re.findall(r"http://127\.0\.0\.1:\d+/enter\?token=\S+", output.read_text())
    return str(found)


def test_no_page_of_midnight_web_has_a_barrier(entrance: str, tmp_path: Path) -> None:
    address = entrance.partition("/enter")[0]
    live = began()
    write(live, "api")
    run = Stored(7).id
    paths = ["/", "/runs", f"/runs/{run}", "/trend", "/trend/midnight", "/schedules", "/runs?since=soon"]
    paths += [f"/live/{live.id}", "/act", "/enter", "/nothing"]

    async def checked() -> dict[str, list[str]]:
        async with browsing(tmp_path / "browser") as page:
            found = {f"{path} as a reader": await axe.check(page, address + path) for path in paths}
            await page.open(entrance)
            assert await page.value("location.pathname") == "/act", "the token is not in the address any more"
            return found | {f"{path} with the token": await axe.check(page, address + path) for path in paths}

    with hold_lock(live):
        found = asyncio.run(checked())
    assert len(found) == 2 * len(paths)
    assert axe.told(found) == ""
