"""An SLO: what the service is held to."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from chaos.units import Positive, Ratio
from chaos.yamlfile import Model, Name


class LatencyObjective(Model):
    percentile: Annotated[float, Field(gt=0, lt=100)]
    below: Positive


class PoolObjective(Model):
    in_use: Ratio
    waits_timed_out: Annotated[int, Field(ge=0)] = 0


class Slo(Model):
    """One objective, judged over the play: exactly one of availability, latency and pool."""

    name: Name
    availability: Ratio | None = None
    latency: LatencyObjective | None = None
    pool: PoolObjective | None = None

    @model_validator(mode="after")
    def _one_objective(self) -> Self:
        if sum(value is not None for value in (self.availability, self.latency, self.pool)) != 1:
            raise ValueError("an SLO has exactly one of availability, latency and pool")
        return self
