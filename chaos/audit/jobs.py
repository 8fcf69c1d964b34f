"""CronJobs with the times at which they are due."""

from __future__ import annotations

from chaos.audit.cron import Due, parse
from chaos.audit.estate import Estate
from chaos.audit.item import Item

_OFTEN = 12
"""Due so many times an hour, a job meets all others whatever its minute."""


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


def comparable(one: Item, other: Item) -> bool:
    """Return True for jobs of one namespace and time zone: they share a database, and their minutes compare."""
    return (
        one.scope == other.scope
        and one.node.at("spec", "timeZone").text == other.node.at("spec", "timeZone").text
    )
