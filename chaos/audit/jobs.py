"""CronJobs with the times at which they are due."""

from __future__ import annotations

from chaos.audit.cron import Due, parse
from chaos.audit.estate import Estate
from chaos.audit.item import Item

_OFTEN = 12
"""Due so many times an hour, a job meets all others whatever its minute."""


def dated(estate: Estate) -> list[tuple[Item, Due]]:
    """The CronJobs that may be moved to another minute and are not suspended. `@every` names no minute."""
    found = []
    for job in estate.of_kind("CronJob"):
        spec = job.node.at("spec")
        due = parse(spec.at("schedule").text)
        if isinstance(due, Due) and due.per_hour <= _OFTEN and not spec.at("suspend").is_true:
            found.append((job, due))
    return found


def comparable(one: Item, other: Item) -> bool:
    """Return True for jobs of one namespace and time zone: they share a database, and their minutes compare."""
    return (
        one.scope == other.scope
        and one.node.at("spec", "timeZone").text == other.node.at("spec", "timeZone").text
    )
