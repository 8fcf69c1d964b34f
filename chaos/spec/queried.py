"""An objective about what a Prometheus counted: which share of it must be good, and by which queries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from chaos.spec.broken import BrokenRule
from chaos.spec.units import Some
from chaos.spec.yamlfile import Model

Query = Annotated[str, Field(min_length=1, max_length=4000)]
PARTS = ("good", "bad", "total", "success", "failure", "values")
"""The keys that hold a query."""
_FORMS = ({"good", "total"}, {"bad", "total"}, {"success"}, {"failure"}, {"values"})


class Queried(Model):
    """The share of good events in all (`good` or `bad`, and `total`), the mean of a ratio that is computed there
    (`success` or `failure`), or the share of instants at which all `values` are as they must be."""

    share: Some
    good: Query | None = None
    bad: Query | None = None
    total: Query | None = None
    success: Query | None = None
    failure: Query | None = None
    values: Query | None = None
    counter: bool = True  # good, bad and total only ever rise, but for restarts
    op: Literal["lte", "gte", "lt", "gt"] | None = None
    bound: float | None = None

    @property
    def queries(self) -> dict[str, str]:
        return {part: query for part in PARTS if (query := getattr(self, part)) is not None}

    def asked(self, query: str) -> str:
        """What to ask for: each counter by itself, as a sum of them hides which one was reset to 0."""
        return (self.counts and self.counter and Parsed(query).counters) or query

    @property
    def counts(self) -> bool:
        """True if the queries count events."""
        return self.total is not None

    def holds(self, value: float) -> bool:
        """Whether one of `values` is as it must be."""
        assert self.bound is not None, "`values` have one"
        return {
            "lte": value <= self.bound,
            "gte": value >= self.bound,
            "lt": value < self.bound,
            "gt": value > self.bound,
        }[self.op or "lte"]

    def reaches(self) -> Iterator[tuple[str, float]]:
        """How far each query looks back from an instant, in seconds."""
        yield from (
            (part, seen.reach) for part, query in self.queries.items() if (seen := Parsed(query)).reach
        )

    def broken_rules(self) -> Iterator[BrokenRule]:
        if set(self.queries) not in _FORMS:
            forms = "good and total, bad and total, success, failure, or values"
            yield BrokenRule(f"needs its queries: {forms}")
            return
        for part, query in self.queries.items():
            yield from self._query_rules(part, query)
        for key in ("op", "bound"):
            if (getattr(self, key) is None) == (self.values is not None):
                needed = "is required" if self.values is not None else "is only"
                yield BrokenRule(f"{needed} with `values`", key)
        if not self.counter and not self.counts:
            yield BrokenRule("is only with `total`", "counter")

    def _query_rules(self, part: str, query: str) -> Iterator[BrokenRule]:
        try:
            seen = Parsed(query)
        except ValueError as error:
            filled = ": a template such as {{.window}} is not filled in" if "{{" in query else ""
            yield BrokenRule(f"is not valid PromQL: {error}{filled}", part)
            return
        if seen.is_fixed:
            yield BrokenRule("`@` fixes the instant: it would not be about the play", part)
        if self.counts and self.counter and seen.is_of_ranges:
            rule = "is not a counter: with a range such as [1m] it goes up and down; give the counter alone"
            yield BrokenRule(f"{rule}, or counter: false", part)


class Parsed:
    """What matters here of a query. Raises ValueError if it is no PromQL."""

    def __init__(self, query: str) -> None:
        from promql_parser import parse, walk  # only files with a query need it

        self._whole: Any = parse(query)
        self.reach, self.is_of_ranges, self.is_fixed = 0.0, False, False
        walk(self._whole, self._see)

    def _see(self, each: Any) -> None:
        looks_back: timedelta | None = getattr(each, "range", None)
        offset: timedelta | None = getattr(each, "offset", None)
        found = sum(one.total_seconds() for one in (looks_back, offset) if one is not None)
        self.reach = max(self.reach, found)
        self.is_of_ranges |= looks_back is not None
        self.is_fixed |= getattr(each, "at", None) is not None

    @property
    def counters(self) -> str | None:
        """The selector, if all that the query does is to select counters and to add them up. A sum hides which of them
        was reset to 0."""
        from promql_parser import AggregateExpr, ParenExpr, VectorSelector, parse

        inner = self._whole
        while isinstance(inner, ParenExpr) or (isinstance(inner, AggregateExpr) and str(inner.op) == "sum"):
            inner = inner.expr
        if not isinstance(inner, VectorSelector):
            return None
        text = " ".join(inner.prettify().splitlines())
        return text if str(parse(text)) == str(inner) else None
