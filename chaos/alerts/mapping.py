"""`--map FILE`: which gauges of a run stand in for metrics of the team's own.

my_pool_active: {gauge: api/pool_checked_out, labels: {pool: main}}
my_requests_failed_total: {outcomes: [bad_status, timeout], counter: true}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from chaos.alerts.series import Sampled
from chaos.record.hits import Outcome
from chaos.record.journal import Journal
from chaos.spec import broken
from chaos.spec.broken import BrokenRule
from chaos.spec.near import instead
from chaos.spec.yamlfile import Model, Where

_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

OUTCOMES = tuple(each.name.lower() for each in Outcome)


class Mapped(Model):
    """One metric: from a gauge, or from the requests that ended in one of these ways."""

    gauge: Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")] | None = (
        None  # SOURCE/GAUGE, as in docs/journal.md
    )
    outcomes: tuple[str, ...] = ()  # of requests: good, bad_status, timeout, refused, reset, bad_body
    routes: tuple[str, ...] = ()  # only of these; none: of all
    labels: dict[str, str] = Field(default_factory=dict)
    scale: float = 1.0
    counter: bool = False  # it only grows: between samples its rate goes on

    def broken_rules(self) -> Iterator[BrokenRule]:
        if (self.gauge is None) == (not self.outcomes):
            yield BrokenRule("must have either `gauge` or `outcomes`")
        if self.gauge is not None and self.routes:
            yield BrokenRule("must be left out: a gauge has no routes", "routes")
        for name in self.labels:
            if not _LABEL.fullmatch(name):
                yield BrokenRule("must be named by letters, digits and _ to be a label", "labels", name)
        for index, each in enumerate(self.outcomes):
            if each not in OUTCOMES:
                yield broken.unknown(f"no outcome {each!r}", each, OUTCOMES, "outcomes", index)


def load(path: Path) -> dict[str, Mapped]:
    """Metrics by name. Raises FileError."""
    whole = Where.read(path)
    for name in whole.document:
        if not _METRIC.fullmatch(str(name)):
            raise whole.under(name).broken("must be named by letters, digits, _ and : to be a metric")
    return {str(name): whole.under(name).parse(Mapped) for name in whole.document}


def series(journal: Journal, mapped: Mapping[str, Mapped], own: Sequence[Sampled]) -> Iterator[Sampled]:
    """The series of the metrics that the run has samples for; `own` are the run's, which count its requests."""
    for name, each in mapped.items():
        if each.gauge is not None:
            found = journal.series(*each.gauge.split("/", 1))
            if len(found.at):
                yield Sampled(name, each.labels, found.at, found.value * each.scale, each.counter)
        elif chosen := [one for one in own if _is_of(one, each)]:
            values = np.sum([one.values for one in chosen], axis=0) * each.scale
            yield Sampled(name, each.labels, chosen[0].at, values, counter=True)


def missing(journal: Journal, mapped: Mapping[str, Mapped], own: Sequence[Sampled]) -> dict[str, str]:
    """What a map names and the run does not have, by metric."""
    gauges = ["/".join(each) for each in journal.gauges()]
    routes = sorted({one.labels["route"] for one in own if one.name == "midnight_requests_total"})
    found = {}
    for name, each in mapped.items():
        if each.gauge is not None and each.gauge not in gauges:
            found[name] = f"no gauge {each.gauge}; {instead(each.gauge, gauges)}"
        elif unknown := [route for route in each.routes if route not in routes]:
            found[name] = f"no route {unknown[0]}; {instead(unknown[0], routes)}"
    return found


def _is_of(one: Sampled, mapped: Mapped) -> bool:
    """Whether it counts requests that the metric counts. All of them share their instants."""
    return (
        one.name == "midnight_requests_total"
        and one.labels["outcome"] in mapped.outcomes
        and (not mapped.routes or one.labels["route"] in mapped.routes)
    )
