"""Everything at 00:00."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.jobs import comparable, dated
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    jobs = [(job, due) for job, due in dated(estate) if due.at_midnight]
    for job, due in jobs:
        others = [
            each.name for each, at in jobs if each is not job and due.meets(at) and comparable(job, each)
        ]
        if others:
            verb = "is" if len(others) == 1 else "are"
            because = f"{job.shown} is due at 00:00, and so {verb} {', '.join(others[:4])}"
            yield Found(job, job.node.at("spec", "schedule"), because)


RULE = Rule(
    id="cronjobs-at-midnight",
    severity=Severity.ERROR,
    what=(
        "two or more CronJobs of a namespace due at 00:00 of the same day; those due more often than hourly are "
        "left out"
    ),
    why=(
        "this is the stampede: backups, rotation and clean-up meet in the minute at which log rotation runs, "
        "too"
    ),
    fix="give each a minute of its own, such as 00:07, 00:22, 01:40",
    check=check,
)
