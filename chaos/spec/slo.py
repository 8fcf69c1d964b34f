"""An SLO: the objective, its hits, and its stretches of the play."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from chaos.spec.units import Goal, Percentile, Positive, Ratio, show_seconds
from chaos.spec.yamlfile import BrokenRule, Model, Name

SloName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80)]
"""As permissive as OpenSLO's names."""

Some = Annotated[Goal, Field(gt=0)]
"""A ratio that can be missed: not 0."""

PERIOD = 30 * 86400.0
MIN_HITS = 1


class LatencyObjective(Model):
    """The percentile is within `below`; or the share of all hits that were good within it is reached."""

    percentile: Percentile | None = None
    share: Some | None = None
    below: Positive

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.percentile is None) == (self.share is None):
            raise ValueError("a latency objective has exactly one of percentile and share")
        return self


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

    @model_validator(mode="after")
    def _short_is_shorter(self) -> Self:
        if self.short is not None and self.short >= self.window:
            rule = f"{show_seconds(self.short)} must be shorter than the window, {show_seconds(self.window)}"
            raise BrokenRule(rule, "short")
        return self


class Timeslices(Model):
    """The ratio counts fixed slices from the start on; a slice is good if `target` of its hits are."""

    window: Positive
    target: Some


class Slo(Model):
    """One objective: exactly one of availability, latency and pool.

    Judged over the whole play; with `step`, while that step acted; with `window`, over each stretch of that
    length therein.
    """

    name: SloName
    availability: Some | None = None
    latency: LatencyObjective | None = None
    pool: PoolObjective | None = None
    route: str | None = None
    step: Name | None = None
    window: Positive | None = None
    timeslices: Timeslices | None = None
    burn_rate: BurnRate | None = None
    min_hits: Annotated[int, Field(ge=1)] = MIN_HITS  # a stretch with fewer is not judged
    period: Positive = PERIOD  # of the budget

    @property
    def target(self) -> float | None:
        """The required ratio; None for a percentile or a pool."""
        return self.latency.share if self.latency is not None else self.availability

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

    @model_validator(mode="after")
    def _one_objective(self) -> Self:
        if sum(value is not None for value in (self.availability, self.latency, self.pool)) != 1:
            raise ValueError("an SLO has exactly one of availability, latency and pool")
        return self

    @model_validator(mode="after")
    def _one_kind_of_stretch(self) -> Self:
        given = [key for key in ("window", "timeslices", "burn_rate") if getattr(self, key) is not None]
        if len(given) > 1:
            raise BrokenRule(f"an SLO has one of {' and '.join(given)}: write two", given[1])
        return self

    @model_validator(mode="after")
    def _a_pool_is_no_matter_of_hits(self) -> Self:
        if self.pool is not None:
            usual = {"min_hits": MIN_HITS, "period": PERIOD}
            for key in ("route", "step", "window", "timeslices", "burn_rate", "min_hits", "period"):
                if getattr(self, key) != usual.get(key):
                    raise BrokenRule("is about hits: only for availability or latency", key)
        return self

    @model_validator(mode="after")
    def _only_a_ratio_has_a_budget(self) -> Self:
        key = "burn_rate" if self.burn_rate is not None else "timeslices"
        if (self.burn_rate or self.timeslices) and self.target is None:
            raise BrokenRule("is only for a ratio: availability, or a share of latency", key)
        return self

    @model_validator(mode="after")
    def _the_burn_rate_can_be_exceeded(self) -> Self:
        if self.burn_rate is not None and self.target is not None:
            if self.target >= 1:
                raise BrokenRule("a target of 100 % leaves no budget to burn", "burn_rate")
            if self.burn_rate.at_most * (1 - self.target) >= 1 - 1e-9:
                most = f"{1 / (1 - self.target):g}"
                rule = f"cannot be exceeded: with this target the burn rate is {most} if every hit is bad"
                raise BrokenRule(rule, "burn_rate", "at_most")
        return self
