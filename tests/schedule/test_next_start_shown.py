"""The next start is the one that will be played: in `list`, `next`, the pages and the metrics alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from chaos import database
from chaos.cli import schedule as commands
from chaos.metrics import collecting, out
from chaos.schedule import registered, status
from chaos.schedule.due import start_of
from chaos.schedule.file import ScheduleFile
from chaos.schedule.schedule import Schedule
from tests.schedule.plans import schedule
from tests.web.pages import Site
from tests.web.test_pages import texts

NOW = datetime(2026, 12, 22, 12, 0, tzinfo=UTC)
HOLIDAYS = {"from": "2026-12-23", "to": "2026-12-25", "because": "holidays"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("MIDNIGHT_DATABASE", raising=False)
    return tmp_path


@pytest.fixture
def connection() -> Iterator[Connection]:
    with database.connect(database.address()).begin() as found:
        yield found


def of(one: Schedule) -> ScheduleFile:
    return ScheduleFile(schedules=(one,))


def row(connection: Connection, one: Schedule, now: datetime = NOW) -> tuple[str | None, str]:
    (found,) = status.rows(of(one), connection, now)
    return found["next"], found["skipping"]


def test_a_start_in_a_blackout_is_not_the_next(connection: Connection) -> None:
    nightly = schedule("0 2 * * *", blackout=[HOLIDAYS])
    assert row(connection, nightly) == (
        "2026-12-26T02:00:00+00:00",
        "skips 3 earlier starts, 2026-12-23 02:00 to 2026-12-25 02:00 UTC: blackout: holidays",
    )
    coming = status.coming(of(nightly), connection, NOW, 4)
    assert [bool(each.note) for each in coming] == [True, True, True, False]
    assert coming[3].start.isoformat() == "2026-12-26T02:00:00+00:00"


def test_without_a_blackout_the_next_start_is_as_it_was(connection: Connection) -> None:
    assert row(connection, schedule("0 2 * * *")) == ("2026-12-23T02:00:00+00:00", "")
    once = schedule("0 2 * * *", blackout=[{"date": "2026-12-23"}])
    assert row(connection, once) == (
        "2026-12-24T02:00:00+00:00",
        "skips 1 earlier start, 2026-12-23 02:00 UTC: blackout: 2026-12-23",
    )


def test_a_blackout_without_an_end_leaves_no_next_start(connection: Connection) -> None:
    never = schedule("0 2 * * *", blackout=[{"from": "2026-01-01", "to": "2099-01-01", "because": "frozen"}])
    upcoming, skipping = row(connection, never)
    assert upcoming is None
    assert skipping.startswith("skips its next 1000 starts, 2026-12-23 02:00 to ")


def test_a_paused_schedule_has_no_next_start(connection: Connection) -> None:
    nightly = schedule("0 2 * * *", blackout=[HOLIDAYS])
    registered.enrol_one(connection, nightly, NOW)
    registered.pause(connection, nightly.name, "release")
    assert row(connection, nightly) == (None, "")


def test_a_start_delayed_by_jitter_is_in_both_until_it_begins(connection: Connection) -> None:
    spread = schedule("0 2 * * *", jitter="6h")
    due = datetime(2026, 12, 23, 2, tzinfo=UTC)
    start = start_of(spread, due)
    now = start - timedelta(seconds=1)
    assert now > due
    assert row(connection, spread, now)[0] == start.isoformat()
    assert status.coming(of(spread), connection, now, 1)[0].start == start
    assert row(connection, spread, start)[0] != start.isoformat()


def test_the_commands_the_page_and_the_metrics_agree(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    today = datetime.now(UTC).date()
    until = today + timedelta(days=3)
    file = place / "schedules.yaml"
    file.write_text(
        f'schedules: [{{name: nightly, experiment: smoke, when: "0 2 * * *",'
        f" blackout: [{{from: {today}, to: {until}, because: freeze}}]}}]\n"
    )
    expected = f"{until + timedelta(days=1)} 02:00"

    commands.list_(file)
    listed = capsys.readouterr().out
    assert expected in listed
    assert "blackout: freeze" in listed

    commands.list_(file, json_=True)
    (document,) = json.loads(capsys.readouterr().out)["schedules"]
    assert document["next"] == f"{until + timedelta(days=1)}T02:00:00+00:00"

    commands.next_(file, n=10)
    played = [line for line in capsys.readouterr().out.splitlines() if "blackout" not in line]
    assert played[0].startswith(expected)

    page = texts(Site(file).get("/schedules").text)
    assert re.search(rf"{expected} skips \d earlier starts, .*blackout: freeze", page)

    exported = out.text(collecting.registry(collecting.schedules_of(file)))
    (value,) = re.findall(r"^midnight_schedule_next_due_timestamp_seconds\{.*\} (\S+)", exported, re.M)
    assert datetime.fromtimestamp(float(value), UTC).isoformat(" ").startswith(expected)
