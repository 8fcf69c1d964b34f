"""`midnight schedule history`: what became of each due time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from chaos import cli, database
from chaos.schedule.tables import occurrences

DUE = datetime(2026, 11, 20, tzinfo=UTC)
STATES = ("ended", "missed", "skipped", "refused")


@pytest.fixture(autouse=True)
def _recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four days of `nightly`, and one run of `drill` by hand."""
    url = f"sqlite:///{tmp_path / 'schedule.db'}"
    monkeypatch.setenv("MIDNIGHT_DATABASE", url)
    rows = [
        {
            "schedule": "nightly",
            "due_utc": DUE + timedelta(days=day),
            "state": state,
            "target": "embedded",
            "because": f"because {day}",
            "started": DUE + timedelta(days=day) if state == "ended" else None,
            "ended": DUE + timedelta(days=day, seconds=90),
            "by_hand": False,
        }
        for day, state in enumerate(STATES)
    ]
    rows.append(rows[0] | {"schedule": "drill", "due_utc": DUE + timedelta(hours=1), "by_hand": True})
    with database.connect(url).begin() as connection:
        connection.execute(insert(occurrences), rows)


def history(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        cli.main(["schedule", "history", *words])
    assert not ended.value.code
    return capsys.readouterr().out


def test_every_due_time_is_listed_newest_last_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(history(capsys, "--json"))
    assert [(row["schedule"], row["state"], row["seconds"]) for row in found] == [
        ("nightly", "ended", 90.0),
        ("drill", "ended", 90.0),
        ("nightly", "missed", None),
        ("nightly", "skipped", None),
        ("nightly", "refused", None),
    ]
    said = history(capsys)
    assert [f"because {day}" in said for day in range(4)] == [True] * 4
    assert "drill (by hand)" in said


@pytest.mark.parametrize(
    ("words", "rows"),
    [(["nightly"], 4), (["drill"], 1), (["--since", "2026-11-22"], 2), (["-n", "1"], 1), (["gone"], 0)],
)
def test_the_list_is_of_one_schedule_since_a_day_or_of_the_newest(
    capsys: pytest.CaptureFixture[str], words: list[str], rows: int
) -> None:
    assert len(json.loads(history(capsys, *words, "--json"))) == rows


def test_a_schedule_without_due_times_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no due time of gone is recorded" in history(capsys, "gone")


def test_without_a_schedule_file_the_example_to_copy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        cli.main(["schedule", "list"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "no schedules.yaml here: copy " in said
    assert Path(said.partition("copy ")[2].partition(" to ")[0]).is_file()
