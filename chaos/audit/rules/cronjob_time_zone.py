"""A CronJob without time zone."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.jobs import scheduled
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for job in scheduled(estate):
        if not job.node.at("spec", "timeZone").text:
            yield Found(job, job.node.at("spec", "schedule"), f"{job.shown} has no timeZone")


RULE = Rule(
    id="cronjob-time-zone",
    severity=Severity.WARNING,
    what="a CronJob without timeZone",
    why="it is due by the clock of the control plane, which an upgrade may move by hours",
    fix="timeZone: Etc/UTC, or the zone of your night",
    check=check,
)
