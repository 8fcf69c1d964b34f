"""The queries of SLOs, asked for the whole play once it is over."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chaos.paging.server import NoAnswer, Server
from chaos.record.event import NOW
from chaos.record.events import QueryPoint, QueryRead, QuerySampled
from chaos.record.journal import Clock, Span
from chaos.spec.queried import Queried
from chaos.spec.slo import Slo

USUAL = 15.0  # seconds between two points, if Prometheus does not say how often it scrapes
MOST = 5000  # points of one answer; Prometheus gives 11,000 at most
MOST_VALUES = 200_000  # of one answer that are kept: about 2 MB of the journal
LARGEST = 1.7e308  # an infinite value, which JSON cannot hold

Values = list[tuple[float, float]]
"""Of one series: instants, in seconds since the epoch, and the value at each."""


def interval(prometheus: Server) -> float:
    """The shortest scrape interval of its active targets, in seconds. Raises NoAnswer."""
    from promql_parser import parse_duration  # slow, and few runs ask a Prometheus

    try:
        targets = prometheus.ask("/api/v1/targets", state="active").document["data"]["activeTargets"]
        found = [
            parse_duration(each["scrapeInterval"]).total_seconds()
            for each in targets
            if each.get("scrapeInterval")
        ]
    except (KeyError, TypeError, AttributeError, ValueError):
        raise NoAnswer(f"{prometheus.url}/api/v1/targets: not the answer of a Prometheus") from None
    return min(found, default=USUAL)


def ask(prometheus: Server, slo: Slo, play: Span, clock: Clock) -> Iterator[QueryRead | QuerySampled]:
    """The answer to each query of the SLO over the play; one without points says why."""
    if slo.promql is not None:
        yield _read(prometheus, slo.name, slo.promql, play, clock)
    if slo.prometheus is not None:
        yield from _samples(prometheus, slo.name, slo.prometheus, play, clock)


def _read(prometheus: Server, name: str, promql: str, play: Span, clock: Clock) -> QueryRead:
    try:
        step = max(interval(prometheus), (play.end - play.start) / MOST)
        epoch = time.time() - clock.now()  # of the run clock's zero
        start, end = f"{play.start + epoch:.3f}", f"{play.end + epoch:.3f}"
        result = _range(prometheus, promql, start, end, f"{step:g}")
    except NoAnswer as error:
        return QueryRead(NOW, name, promql=promql, because=str(error))
    return QueryRead(NOW, name, promql=promql, step=step, series=len(result), points=_points(result, epoch))


def _samples(
    prometheus: Server, name: str, queried: Queried, play: Span, clock: Clock
) -> Iterator[QuerySampled]:
    """All are asked for the same instants."""
    grid: _Grid | None = None
    for promql in dict.fromkeys(queried.queries.values()):
        asked = queried.asked(promql)
        try:
            grid = grid or _grid(play, time.time() - clock.now(), interval(prometheus))
            result = _range(prometheus, asked, *grid.asked)
            if len(result) * grid.count > MOST_VALUES:
                raise NoAnswer(f"its answer has {len(result):,} series: too many; aggregate it")
        except NoAnswer as error:
            yield QuerySampled(NOW, name, promql=promql, asked=asked, because=str(error))
        else:
            yield QuerySampled(
                NOW,
                name,
                promql=promql,
                asked=asked,
                start=play.start,
                step=grid.step / 1000,
                count=grid.count,
                series=tuple(map(grid.placed, result)),
            )


@dataclass(frozen=True, slots=True)
class _Grid:
    """The instants that are asked for, in whole milliseconds since the epoch: from the play's start to its end."""

    start: int
    step: int
    count: int

    @property
    def asked(self) -> tuple[str, str, str]:
        end = self.start + self.step * (self.count - 1)
        return f"{self.start / 1000:.3f}", f"{end / 1000:.3f}", f"{self.step / 1000:.3f}"

    def placed(self, values: Values) -> tuple[float | None, ...]:
        """The value at each instant, None where there is none."""
        found: list[float | None] = [None] * self.count
        for at, value in values:
            index = round((at * 1000 - self.start) / self.step)
            if 0 <= index < self.count:
                found[index] = value
        return tuple(found)


def _grid(play: Span, epoch: float, apart: float) -> _Grid:
    length = (play.end - play.start) * 1000
    steps = max(1, min(MOST, math.ceil(length / (apart * 1000))))
    return _Grid(round((play.start + epoch) * 1000), max(1, int(length / steps)), steps + 1)


def _range(prometheus: Server, promql: str, start: str, end: str, step: str) -> list[Values]:
    """The series of the answer. Raises NoAnswer."""
    try:
        said = prometheus.ask("/api/v1/query_range", query=promql, start=start, end=end, step=step)
        return [list(_numbers(each["values"])) for each in said.document["data"]["result"]]
    except (KeyError, TypeError, ValueError, AttributeError):
        because = f"{prometheus.url}/api/v1/query_range: not the answer of a Prometheus"
        raise NoAnswer(because) from None


def _numbers(values: list[Any]) -> Iterator[tuple[float, float]]:
    """NaN, such as nothing divided by nothing, is no value; an infinite one is the largest number."""
    for at, text in values:
        value = float(text)
        if not math.isnan(value):
            yield float(at), max(-LARGEST, min(LARGEST, value))


def _points(series: list[Values], epoch: float) -> tuple[QueryPoint, ...]:
    values: dict[float, list[float]] = {}
    for each in series:
        for at, value in each:
            values.setdefault(at, []).append(value)
    return tuple(QueryPoint(at - epoch, min(each), max(each)) for at, each in sorted(values.items()))
