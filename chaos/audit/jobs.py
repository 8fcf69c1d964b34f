"""CronJobs with the times at which they are due."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chaos.audit.cron import Due, parse
from chaos.audit.estate import Estate
from chaos.audit.item import Item

_OFTEN = 12
"""Due so many times an hour, a job meets all others whatever its minute."""

_BACKOFF_LIMIT = 6  # of Kubernetes


def scheduled(estate: Estate) -> list[Item]:
    """The CronJobs that are not suspended."""
    return [each for each in estate.of_kind("CronJob") if not each.node.at("spec", "suspend").is_true]


def dated(estate: Estate) -> list[tuple[Item, Due]]:
    """The scheduled CronJobs that may be moved to another minute. `@every` names no minute."""
    found = []
    for job in scheduled(estate):
        due = parse(job.node.at("spec", "schedule").text)
        if isinstance(due, Due) and due.per_hour <= _OFTEN:
            found.append((job, due))
    return found


def longest_run(job: Item) -> float | None:
    """Return the seconds that a CronJob's job may run; None if nothing ends it. A deadline of its Pods counts once for
    each try."""
    spec = job.node.at("spec", "jobTemplate", "spec")
    whole, each = (
        spec.at("activeDeadlineSeconds").number,
        spec.at("template", "spec", "activeDeadlineSeconds").number,
    )
    again = spec.at("backoffLimit").number
    tries = 1 + (_BACKOFF_LIMIT if again is None else again)
    return min((n for n in (whole, None if each is None else each * tries) if n is not None), default=None)


def comparable(one: Item, other: Item) -> bool:
    """Return True for jobs of one namespace and clock: they share a database, and their minutes compare."""
    zones = [each.node.at("spec", "timeZone").text for each in (one, other)]
    return _may_be_together(one, other) and _clock(zones[0]) == _clock(zones[1])


def _may_be_together(one: Item, other: Item) -> bool:
    """Two of one name are in different namespaces, also if one of them does not say in which."""
    return one.scope == other.scope or (one.may_see(other) and one.name != other.name)


@cache
def _clock(zone: str) -> tuple[object, ...]:
    """What is equal for names of one clock, such as UTC and Etc/UTC: the offsets of a year, or the name if it is none
    that this machine knows."""
    try:
        found = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return (zone,)
    return tuple(
        datetime(2027, month, day, tzinfo=found).utcoffset() for month in range(1, 13) for day in (1, 15)
    )
