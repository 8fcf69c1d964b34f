"""An SLO: the objective, its hits, and its stretches of the play."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from chaos.spec.broken import BrokenRule
from chaos.spec.queried import Queried
from chaos.spec.units import Percentile, Positive, Ratio, Some, show_seconds
from chaos.spec.yamlfile import Model, Name

SloName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80)]
"""As permissive as OpenSLO's names."""

PERIOD = 30 * 86400.0
_PERCENTILE = "unknown key; write latency: {{percentile: {}, below: TIME}}"
MIN_HITS = 1


class LatencyObjective(Model):
    """The percentile is within `below`; or the share of all hits that were good within it is reached."""

    percentile: Percentile | None = None
    share: Some | None = None
    below: Positive

    def broken_rules(self) -> Iterator[BrokenRule]:
        if (self.percentile is None) == (self.share is None):
            yield BrokenRule("a latency objective has exactly one of percentile and share")


class PoolObjective(Model):
    in_use: Ratio
    waits_timed_out: Annotated[int, Field(ge=0)] = 0


class BurnRate(Model):
    """How many times faster than evenly the budget may be spent in any `window` of the play.

    With `short` it is broken only if both windows ending at the same instant exceed it: the multiwindow alert
    of the Google SRE Workbook, chapter 5, "Alerting on SLOs".
    """

    at_most: Annotated[float, Field(gt=0)]
    window: Positive
    short: Positive | None = None

    def broken_rules(self) -> Iterator[BrokenRule]:
        if self.short is not None and self.short >= self.window:
            rule = f"{show_seconds(self.short)} must be shorter than the window, {show_seconds(self.window)}"
            yield BrokenRule(rule, "short")


class Timeslices(Model):
    """The ratio counts fixed slices from the start on; a slice is good if `target` of its hits are."""

    window: Positive
    target: Some


class Slo(Model):
    """One objective: exactly one of availability, latency, pool, promql and prometheus.

    Judged over the whole play; with `step`, while that step acted; with `window`, over each stretch of that
    length therein.
    """

    foreign: ClassVar[Mapping[str, str]] = {
        "target": "unknown key; write availability: PERCENT, or latency: {share: PERCENT, below: TIME}",
        **{f"p{each}": _PERCENTILE.format(each) for each in (50, 75, 90, 95, 99)},
    }

    name: SloName
    availability: Some | None = None
    latency: LatencyObjective | None = None
    pool: PoolObjective | None = None
    promql: Annotated[str, Field(min_length=1, max_length=4000)] | None = None  # asked after the play
    below: float | None = None  # which every value of the query must be
    above: float | None = None
    prometheus: Queried | None = None  # asked after the play
    route: str | None = None
    step: Name | None = None
    window: Positive | None = None
    timeslices: Timeslices | None = None
    burn_rate: BurnRate | None = None
    min_hits: Annotated[int, Field(ge=1)] = MIN_HITS  # a stretch with fewer is not judged
    period: Positive = PERIOD  # of the budget

    @property
    def target(self) -> float | None:
        """The required ratio; None for a percentile, a pool or a query with bounds."""
        if self.prometheus is not None:
            return self.prometheus.share
        return self.latency.share if self.latency is not None else self.availability

    @property
    def asked(self) -> str | None:
        """The key of what a Prometheus is asked for, after the play; None if nothing is."""
        return next((key for key in ("promql", "prometheus") if getattr(self, key) is not None), None)

    @property
    def is_about_hits(self) -> bool:
        return self.availability is not None or self.latency is not None

    def not_broken_within(self, timeout: float) -> str | None:
        """Explain why no answer can miss a latency's threshold; None if one can. `timeout`: the longest time of a good
        answer."""
        below = None if self.latency is None else self.latency.below
        if below is None or below < timeout:
            return None
        meant = f" ({below:g} ms are {below / 1000:g} s)" if below / 1000 < timeout else ""
        return (
            f"{below:g} s is not below the timeout, {show_seconds(timeout)}: anything slower is already "
            f"a bad hit, so nothing could break it{meant}"
        )

    def lengths(self) -> Iterator[tuple[tuple[str, ...], float]]:
        """Return place and length of each stretch of time in the SLO: no play may be shorter."""
        if self.window is not None:
            yield ("window",), self.window
        if self.timeslices is not None:
            yield ("timeslices", "window"), self.timeslices.window
        if self.burn_rate is not None:
            yield ("burn_rate", "window"), self.burn_rate.window
        if self.prometheus is not None:
            yield from ((("prometheus", part), reach) for part, reach in self.prometheus.reaches())

    def broken_rules(self) -> Iterator[BrokenRule]:
        kinds = ("availability", "latency", "pool", "promql", "prometheus")
        if sum(getattr(self, key) is not None for key in kinds) != 1:
            yield BrokenRule(f"an SLO has exactly one of {', '.join(kinds[:-1])} and {kinds[-1]}")
            return
        if self.promql is None and (self.below, self.above) != (None, None):
            yield BrokenRule("belongs to `promql`", "below" if self.below is not None else "above")
        if self.promql is not None:
            yield from self._query_rules(self.promql)
        given = [key for key in ("window", "timeslices", "burn_rate") if getattr(self, key) is not None]
        if len(given) > 1:
            yield BrokenRule(f"an SLO has only one of {' and '.join(given)}: write two SLOs", given[1])
        yield from self._only_for_hits()
        if self.is_about_hits:
            yield from self._budget_rules()

    def _query_rules(self, query: str) -> Iterator[BrokenRule]:
        """A query that can be parsed, and a bound that it can break."""
        from promql_parser import parse  # only files with a query need it

        try:
            parse(query)
        except ValueError as error:
            yield BrokenRule(f"is not valid PromQL: {error}", "promql")
        if self.below is None and self.above is None:
            yield BrokenRule("needs a bound: below: NUMBER or above: NUMBER", "promql")
        if self.below is not None and self.above is not None and self.above >= self.below:
            yield BrokenRule("no value can be both above `above` and below `below`", "above")

    def _only_for_hits(self) -> Iterator[BrokenRule]:
        usual = {"min_hits": MIN_HITS, "period": PERIOD}
        counted = ("timeslices", "period")
        for key in ("route", "step", "window", "burn_rate", "min_hits", *counted):
            fits = self.is_about_hits or (key in counted and self.prometheus is not None)
            if not fits and getattr(self, key) != usual.get(key):
                yield BrokenRule("is about hits: only for availability or latency", key)

    def _budget_rules(self) -> Iterator[BrokenRule]:
        """Only a ratio has a budget, and a burn rate must be one that can be exceeded."""
        target = self.target
        for key in ("burn_rate", "timeslices"):
            if getattr(self, key) is not None and target is None:
                yield BrokenRule("is only for a ratio: availability, or a share of latency", key)
        if self.burn_rate is None or target is None:
            return
        if target >= 1:
            yield BrokenRule("a target of 100 % leaves no budget to burn", "burn_rate")
        elif self.burn_rate.at_most * (1 - target) >= 1 - 1e-9:
            most = f"{1 / (1 - target):g}"
            rule = f"cannot be exceeded: with this target the burn rate is {most} if every hit is bad"
            yield BrokenRule(rule, "burn_rate", "at_most")
