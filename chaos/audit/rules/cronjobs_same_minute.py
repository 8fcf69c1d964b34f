"""CronJobs due in the same minute."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.jobs import comparable, dated
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    jobs = dated(estate)
    for number, (job, due) in enumerate(jobs):
        others = [
            other.name
            for other, at in jobs[:number]
            if due.meets(at) and not (due.at_midnight and at.at_midnight) and comparable(job, other)
        ]
        if others:
            because = f"{job.shown} is due in the same minute as {', '.join(others[:4])}"
            yield Found(job, job.node.at("spec", "schedule"), because)


RULE = Rule(
    id="cronjobs-same-minute",
    severity=Severity.WARNING,
    what=(
        "two CronJobs of a namespace due in the same minute, other than 00:00; those due more often than "
        "every 5 minutes are left out"
    ),
    why="they share the database at its slowest minute, though the rest of the hour is idle",
    fix="move one of them by some minutes, each to a minute of its own",
    check=check,
)
