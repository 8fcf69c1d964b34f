"""A schedule that never starts anything."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.cron import Every, RefusedError, read
from chaos.audit.estate import Estate
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for job in estate.of_kind("CronJob"):
        schedule = job.node.at("spec", "schedule")
        if not schedule.text or any(sign in schedule.text for sign in ("$", "{{")):  # a patch, a placeholder
            continue
        try:
            due = read(schedule.text)
        except RefusedError as reason:
            yield Found(job, schedule, f"{job.shown}: Kubernetes refuses its schedule: {reason}")
        else:
            if not isinstance(due, Every) and not due.is_ever:
                yield Found(job, schedule, f"{job.shown} is never due: {schedule.text[:40]}")


RULE = Rule(
    id="cronjob-schedule",
    severity=Severity.ERROR,
    what=(
        "a CronJob whose schedule Kubernetes refuses (a day of the week of 7, for one), or that is never due"
    ),
    why="it is refused, or it never runs, and no one notices until its backup is needed",
    fix="five fields with days of the week from 0 (Sunday) to 6, or @every with a time such as 1h30m",
    check=check,
)
