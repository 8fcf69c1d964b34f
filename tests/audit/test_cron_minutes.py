"""When CronJobs are due, as Kubernetes reads their schedules."""

from __future__ import annotations

import pytest

from chaos.audit.cron import parse


@pytest.mark.parametrize(
    ("text", "minutes", "interval"),
    [
        ("0 0 * * *", {0}, 1440),
        ("@hourly", {60 * hour for hour in range(24)}, 60),
        ("*/20 1 * * *", {60, 80, 100}, 20),
        ("50-59/5 23 * * *", {1430, 1435}, 5),
        ("0 0 * * sun", {0}, 7 * 1440),
        ("30 2 1 jan *", {150}, 365 * 1440),
        ("59 23,0 * * *", {59, 1439}, 60),
    ],
)
def test_a_schedule_is_read(text: str, minutes: set[int], interval: int) -> None:
    due = parse(text)
    assert due is not None
    assert set(due.minutes) == minutes
    assert due.interval == interval


@pytest.mark.parametrize(
    "text", ["", "hourly", "60 * * * *", "* * 30 2 *", "* * * *", "5-1 * * * *", "*/0 * * * *"]
)
def test_what_is_no_schedule_is_none(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("one", "other", "meets"),
    [
        ("0 2 * * *", "0 2 1 * *", True),
        ("0 2 * * 1", "0 2 * * 2", False),
        ("0 2 * * 7", "0 2 * * 0", True),
        ("0 2 1 * *", "0 2 2 * *", False),
        ("0 2 1 * mon", "0 2 2 * *", True),
        ("*/15 * * * *", "7 * * * *", False),
    ],
)
def test_two_schedules_meet_in_a_minute_of_the_same_day(one: str, other: str, *, meets: bool) -> None:
    first, second = parse(one), parse(other)
    assert first is not None
    assert second is not None
    assert first.meets(second) is meets
