"""What other crons write is read as they read it, or refused in a line that says what to write."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from pathlib import Path

import pytest

from chaos.schedule.rules import triggers, walls
from tests.typed import refusal

NOW = datetime(2026, 11, 5, 12, 30)  # a thursday


def due(when: str) -> list[str]:
    return [f"{wall:%Y-%m-%d %H:%M:%S}" for wall in islice(walls(when, NOW), 2)]


@pytest.mark.parametrize(
    ("when", "same"),
    [
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@Hourly", "0 * * * *"),
        ("@weekly", "0 0 * * sun"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 jan *"),
        ("0 0 * * 7", "0 0 * * 0"),
        ("0 0 * * 5-7", "0 0 * * 5,6,0"),
        ("0 0 * * SUN", "0 0 * * 0"),
        ("0 0 ? * *", "0 0 * * *"),
        ("0 0 * * ?", "0 0 * * *"),
        ("0 0 0 ? * MON-FRI", "0 0 * * 1-5"),
        ("0 0 L * *", "last day 00:00"),
        ("0 0 L * ?", "last day 00:00"),
        ("0 30 2 * * *", "30 2 * * *"),
        ("0 0 1 JAN,jul *", "0 0 1 1,7 *"),
    ],
)
def test_a_foreign_cron_expression_with_an_equivalent_is_read(when: str, same: str) -> None:
    assert due(when) == due(same)


def test_the_last_day_is_that_of_each_month() -> None:
    assert due("15 4 L * *") == ["2026-11-30 04:15:00", "2026-12-31 04:15:00"]


def test_the_last_day_or_a_weekday_is_either() -> None:
    assert due("0 0 L * sat") == ["2026-11-07 00:00:00", "2026-11-14 00:00:00"]


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("CRON_TZ=Europe/Berlin 0 0 * * *", "timezone: Europe/Berlin, and when: 0 0 * * *"),
        ("TZ=UTC @daily", "timezone: UTC, and when: @daily"),
        ("CRON_TZ=", "timezone: ZONE"),
        ("@reboot", "names no time; write one, e.g. `@daily` or `0 2 * * *`"),
        ("@every 1h", "has no defined start"),
        ("@nightly", "unknown name; did you mean @midnight?"),
        ("@noon", "unknown name; known: @hourly, @daily"),
        ("0 0 L-3 * *", "like `last day 23:30`"),
        ("0 0 LW * *", "is not supported"),
        ("0 0 15W * *", "is not supported"),
        ("0 0 * * 5L", "write the day in words: `last DAY 02:00`"),
        ("0 0 * * friL", "write the day in words: `last fri 02:00`"),
        ("0 0 * * L", "`last day 02:00`, or `sat`"),
        ("0 0 * * fri#2", "write the day in words: `second fri 02:00`"),
        ("0 0 * * 1#1", "write the day in words: `first DAY 02:00`"),
        ("0 0 0 ? * 2", "with `?`, 1 means sunday"),
        ("0 0 12 * * ? 2027", "years are not supported"),
        ("0 0 * *", "must be five cron fields"),
        ("daily", "must be five cron fields"),
        ("00:00", "must be five cron fields"),
        ("7:05", "; for every day write `5 7 * * *`"),
        ("", "must be five cron fields"),
        ("0 0 * * 8", "is not a day of the week (0 to 7, or sun to sat)"),
        ("0 0 * * monday", "'monday' is not a day of the week"),
        ("0 0 * * mon-", "is not a day of the week"),
        ("0 24 * * *", "invalid cron expression"),
        ("60 0 * * *", "invalid cron expression"),
        ("*/0 * * * *", "invalid cron expression"),
        ("H H * * *", "invalid cron expression"),
        ("0 0 0 * *", "invalid cron expression"),
        ("0 0 * 13 *", "invalid cron expression"),
        ("0 0 5-1 * *", "invalid cron expression"),
        ("-5 0 * * *", "invalid cron expression"),
        ("0 0 * * 5-mon", "is not a range of days"),
    ],
)
def test_a_cron_expression_without_an_equivalent_is_refused_with_a_remedy(when: str, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        triggers(when)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_line_of_the_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text("schedules:\n  - {name: night, experiment: smoke, when: TZ=UTC 0 0 * * *}\n")
    said = refusal(capsys, "schedule", "validate", str(file))
    assert f"{file}:2: schedule 'night': when: put the zone in its own key" in said
