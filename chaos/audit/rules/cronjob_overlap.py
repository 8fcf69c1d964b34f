"""A CronJob whose Pods pile up."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.cron import parse
from chaos.audit.estate import Estate
from chaos.audit.jobs import longest_run, scheduled
from chaos.audit.rule import Found, Rule, Severity
from chaos.spec.units import show_seconds


def check(estate: Estate) -> Iterator[Found]:
    for job in scheduled(estate):
        spec = job.node.at("spec")
        due, longest = parse(spec.at("schedule").text), longest_run(job)
        if due is None or spec.at("concurrencyPolicy").text not in ("", "Allow"):
            continue
        every = f"due every {show_seconds(due.interval * 60)} with concurrencyPolicy Allow"
        if longest is None and due.interval <= 60:
            yield Found(job, spec.at("schedule"), f"{job.shown}: {every}, and may run without end")
        elif longest is not None and due.interval * 60 < longest:
            because = f"{job.shown}: {every}, and may run for {show_seconds(longest)}"
            yield Found(job, spec.at("schedule"), because)


RULE = Rule(
    id="cronjob-overlap",
    severity=Severity.ERROR,
    what=(
        "concurrencyPolicy Allow (the default) and a job that may run longer than its interval, or "
        "that has no activeDeadlineSeconds and is due every hour or more often"
    ),
    why="on a slow night the next one starts beside the last, and both are slower: they pile up",
    fix="concurrencyPolicy: Forbid, and jobTemplate.spec.activeDeadlineSeconds below the interval",
    check=check,
)
