"""A run in progress is called that everywhere: its verdict is still to come."""

from __future__ import annotations

import io
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from chaos.cli import memory
from chaos.errors import UsageError
from chaos.play import suite
from chaos.play.playable import Request
from chaos.record.journal import Clock, Writer
from chaos.record.store import RunDir
from chaos.run.outcome import begun
from chaos.run.stopping import is_playing
from chaos.undo.locks import hold_lock, is_locked
from tests.history.stored import Stored
from tests.web import pages
from tests.web.pages import Site
from tests.web.test_pages import texts


def began(name: str = "night", **about: object) -> RunDir:
    """A run of tonight."""
    return pages.began(name, {"started": datetime.now(UTC).isoformat(timespec="seconds"), **about})


def of_command(capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    memory.runs()
    return capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize("page", ["/", "/runs"])
def test_a_run_in_progress_is_called_that_and_leads_to_its_live_page(page: str) -> None:
    run = began()
    site = Site()
    with hold_lock(run):
        found = site.get(page).text
    assert f'<a href="/live/{run.id}">in progress</a>' in found
    assert "no verdict" not in texts(found).partition("Nights")[0]


def test_the_command_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    run = began()
    with hold_lock(run):
        assert "in progress" in of_command(capsys)
    assert "none" in of_command(capsys)


@pytest.mark.parametrize("page", ["/", "/runs"])
def test_a_run_that_ended_without_a_verdict_has_none(page: str) -> None:
    began()
    found = Site().get(page).text
    assert "N no verdict" in texts(found)
    assert ">in progress</a>" not in found


def test_tonight_counts_a_run_in_progress_apart_from_one_without_a_verdict() -> None:
    began("stopped")
    run = began()
    with hold_lock(run):
        found = texts(Site().get("/").text)
    assert re.search(
        r"Tonight, [^:]*: 1 no verdict, 1 in progress|Last night, .*: 1 no verdict, 1 in progress", found
    )


def test_a_run_is_in_progress_until_it_is_judged() -> None:
    """The lock is released when everything is undone; to judge a long run takes seconds."""
    run = began()
    writer = Writer(run.events)
    writer.event(begun(Clock(0.0)).timed(lambda: 0.0))
    writer.close()
    assert not is_locked(run)
    assert is_playing(run), "this process has begun it"
    gone = run.events.read_text().replace(f'"pid":{os.getpid()}', '"pid":4194999')
    gone = gone.replace(f'"pid": {os.getpid()}', '"pid": 4194999')
    run.events.write_text(gone)
    assert not is_playing(run)


def test_a_suite_is_in_progress_while_its_scenarios_are(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def played(plan: object, run: RunDir, terminal: object) -> tuple[list[object], list[str]]:
        del plan, terminal
        part = began("part", part_of=run.id)
        with hold_lock(part):
            seen.extend(Site().get(path).text for path in ("/", f"/live/{run.id}"))
        return [], []

    monkeypatch.setattr(suite, "_play", played)
    result = suite.WholeSuite(Path("experiments/dr-drill.yaml")).play(Request(), Console(file=io.StringIO()))
    front, live = seen
    drills = front.partition("<h2>Drills")[2].partition("<h2>Schedules")[0]
    assert f'<a href="/live/{result.run.id}">in progress</a>' in drills
    assert "Its scenario in progress: part" in texts(live)
    after = Site().get("/").text.partition("<h2>Drills")[2]
    assert "U unknown" in texts(after), "nothing was played"


@pytest.mark.parametrize(
    ("verdict", "code", "effects", "shown"),
    [
        ("unknown", 3, ("pass",), "U unknown"),
        ("unknown", 4, ("pass",), "U unknown"),  # stopped by a signal
        ("pass", 0, ("pass", "unknown"), "P pass (1/2)"),
    ],
)
def test_the_last_drill_has_its_verdict(
    reports: Path, verdict: str, code: int, effects: tuple[str, ...], shown: str
) -> None:
    Stored(0, "dr-one", verdict=verdict, exit_code=code, effects=effects, about={"drill": True}).write(
        reports
    )
    drills = texts(Site().get("/").text.partition("<h2>Drills")[2].partition("<h2>Schedules")[0])
    assert shown in drills
    assert "no verdict" not in drills


def test_runs_in_progress_are_named_by_what_they_play() -> None:
    run = began(profile="hardened")
    site = Site()
    with hold_lock(run):
        front = site.get("/").text.partition("<h2>In progress")[2].partition("</section>")[0]
        live = texts(site.get(f"/live/{run.id}").text)
    assert "night shop, hardened started just now" in texts(front)
    assert "night shop, hardened In progress" in live


def test_a_run_in_progress_that_cannot_be_read_has_its_id() -> None:
    run = began()
    run.run_file.write_text("{")
    with hold_lock(run):
        assert f">{run.id}</a>" in Site().get("/").text


def test_a_trend_leaves_out_the_run_in_progress(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = began("midnight", target={"name": "embedded"}, profile="hardened")
    site = Site()
    with hold_lock(run):
        assert "Its first run is in progress" in site.get("/trend/midnight").text
        with pytest.raises(UsageError):
            memory.trend("midnight")
        Stored().write(reports)
        memory.trend("midnight")
        assert "without a verdict" not in capsys.readouterr().out
    memory.trend("midnight")
    assert "1 without a verdict left out" in capsys.readouterr().out


def test_each_sign_of_the_calendar_is_its_own_and_is_in_the_legend(reports: Path) -> None:
    began()
    Stored().write(reports)
    front = Site().get("/").text
    legend = front.partition('legend">')[2].partition("</p>")[0]
    signs = re.findall(r'class="mark (\w+)" aria-hidden="true">(.)</span>', legend)
    assert texts(legend).split(" A night")[0].split() == (
        [
            "F",
            "fail",
            "U",
            "unknown",
            "N",
            "no",
            "verdict",
            "P",
            "pass",
            "▶",
            "in",
            "progress",
            "·",
            "no",
            "run",
        ]
    )
    assert len({kind for kind, _ in signs}) == len({sign for _, sign in signs}) == len(signs) == 6


def test_a_night_without_a_run_says_so_to_a_screen_reader() -> None:
    front = Site().get("/").text
    cells = re.findall(r'<span class="mark empty"[^>]*>(.*?)</td>', front)
    assert cells
    assert all('<span class="unseen">no run</span>' in each for each in cells)
