"""When CronJobs are due, as Kubernetes reads their schedules."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.audit.cron import Due, parse
from tests.audit.reading_audits import FIXTURES, audited, rules


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
    assert isinstance(due, Due)
    assert set(due.minutes) == minutes
    assert due.interval == interval


@pytest.mark.parametrize(
    "text",
    [
        *("", "hourly", "60 * * * *", "* * 30 2 *", "* * * *", "5-1 * * * *", "*/0 * * * *"),
        *(
            "0 0 * * 7",
            "@Daily",
            " @daily",
            "TZ=UTC 0 0 * * *",
            "1-2-3 * * * *",
            "1/2/3 * * * *",
            "0 0 * * ,",
        ),
        *("@every", "@every 5", "@every often"),
    ],
)
def test_what_is_no_schedule_is_none(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("one", "other", "meets"),
    [
        ("0 2 * * *", "0 2 1 * *", True),
        ("0 2 * * 1", "0 2 * * 2", False),
        ("0 2 * * sun", "0 2 * * 0", True),
        ("0 2 1 * *", "0 2 2 * *", False),
        ("0 2 1 * mon", "0 2 2 * *", True),
        ("*/15 * * * *", "7 * * * *", False),
    ],
)
def test_two_schedules_meet_in_a_minute_of_the_same_day(one: str, other: str, *, meets: bool) -> None:
    first, second = parse(one), parse(other)
    assert isinstance(first, Due)
    assert isinstance(second, Due)
    assert first.meets(second) is meets


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("0 3 */2 * 1", {1, 3, 4, 5, 7, 9, 11}),  # a step restricts: one of the two is enough
        ("0 3 */1 * 1", {4, 11}),
        ("0 3 1,* * 1", {4, 11}),
        ("0 3 */5 * */3", {1, 2, 3, 6, 9, 10, 11}),
        ("0 3 2 * ?", {2}),
    ],
)
def test_days_of_the_month_and_of_the_week_are_combined_as_kubernetes_does(text: str, days: set[int]) -> None:
    """The days are those of January 2027 up to the 11th, by github.com/robfig/cron v3.0.1."""
    due = parse(text)
    assert isinstance(due, Due)
    assert {day + 1 for day in due.days if day < 11} == days


JOB = (FIXTURES / "cronjob-overlap" / "red.yaml").read_text()


@pytest.mark.parametrize(
    ("schedule", "overlaps"),
    [("@every 5m", True), ("@every 599s", True), ("@every 10m", False), ("@every 1h30m", False)],
)
def test_a_schedule_that_counts_from_the_last_start_has_an_interval(
    tmp_path: Path, schedule: str, *, overlaps: bool
) -> None:
    found = rules(audited(tmp_path, JOB.replace("*/5 * * * *", schedule)))
    assert ("cronjob-overlap" in found) is overlaps


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("7 2 * * 7", "CronJob sync: Kubernetes refuses its schedule: day of the week '7' is not within 0-6"),
        ("@Daily", "CronJob sync: Kubernetes refuses its schedule: it is not one of @yearly, "),
        ("7 2 31 2 *", "CronJob sync is never due: 7 2 31 2 *"),
        ("7 2 * * 6", ""),
        ("${BACKUP_AT}", ""),
    ],
)
def test_a_schedule_that_kubernetes_refuses_is_found(tmp_path: Path, schedule: str, said: str) -> None:
    found = audited(tmp_path, JOB.replace("*/5 * * * *", schedule)).standing
    because = "".join(each.because for each in found if each.rule == "cronjob-schedule")
    assert because.startswith(said) if said else not because
