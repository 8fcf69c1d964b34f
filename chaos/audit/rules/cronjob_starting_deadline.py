"""A CronJob without a useful startingDeadlineSeconds."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.jobs import scheduled
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for job in scheduled(estate):
        given = job.node.at("spec", "startingDeadlineSeconds")
        if given.number is None:
            yield Found(job, job.node.at("spec", "schedule"), f"{job.shown} has no startingDeadlineSeconds")
        elif given.number < 10:
            yield Found(job, given, f"{job.shown}: startingDeadlineSeconds is {given.number:g}, under 10")


RULE = Rule(
    id="cronjob-starting-deadline",
    severity=Severity.WARNING,
    what="a CronJob with startingDeadlineSeconds unset or under 10 s",
    why=(
        "unset, it gives up for good after 100 missed starts; under 10 s, the controller never gets to start "
        "it"
    ),
    fix="startingDeadlineSeconds: 300",
    check=check,
    like="kube-score cronjob-has-deadline",
)
