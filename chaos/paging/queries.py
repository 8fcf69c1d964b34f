"""The queries of SLOs, asked for the whole play once it is over."""

from __future__ import annotations

import math
import time
from typing import Any

from chaos.paging.server import NoAnswer, Server
from chaos.record.event import NOW
from chaos.record.events import QueryPoint, QueryRead
from chaos.record.journal import Clock, Span
from chaos.spec.slo import Slo

USUAL = 15.0  # seconds between two points, if Prometheus does not say how often it scrapes
MOST = 5000  # points of one answer; Prometheus gives 11,000 at most


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


def ask(prometheus: Server, slo: Slo, play: Span, clock: Clock) -> QueryRead:
    """The answer to the query over the play; one without points says why."""
    assert slo.promql is not None, "the caller chose SLOs with one"
    try:
        step = max(interval(prometheus), (play.end - play.start) / MOST)
        epoch = time.time() - clock.now()  # of the run clock's zero
        said = prometheus.ask(
            "/api/v1/query_range",
            query=slo.promql,
            start=f"{play.start + epoch:.3f}",
            end=f"{play.end + epoch:.3f}",
            step=f"{step:g}",
        )
        result = said.document["data"]["result"]
        points = _points(result, epoch)
    except NoAnswer as error:
        return QueryRead(NOW, slo.name, promql=slo.promql, because=str(error))
    except (KeyError, TypeError, ValueError, AttributeError):
        because = f"{prometheus.url}/api/v1/query_range: not the answer of a Prometheus"
        return QueryRead(NOW, slo.name, promql=slo.promql, because=because)
    return QueryRead(NOW, slo.name, promql=slo.promql, step=step, series=len(result), points=points)


def _points(series: list[dict[str, Any]], epoch: float) -> tuple[QueryPoint, ...]:
    """NaN, such as nothing divided by nothing, is no value; an infinite one is the largest number."""
    values: dict[float, list[float]] = {}
    for each in series:
        for at, text in each["values"]:
            value = float(text)
            if not math.isnan(value):
                values.setdefault(float(at), []).append(max(-1.7e308, min(1.7e308, value)))
    return tuple(QueryPoint(at - epoch, min(each), max(each)) for at, each in sorted(values.items()))
