"""A link of the chain: a gauge that left its baseline, or did not. Order in time only, no causal claim."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chaos.checks.finding import Unit


@dataclass(frozen=True, slots=True)
class Link:
    """One gauge of the chain, in the order of the story.

    `at` is in seconds since the run's start, None if the gauge `did not move` or was never sampled;
    `value` is the gauge when it left its baseline (`peak`: its greatest value in the play), `threshold` the value
    to exceed, `baseline` its median before anything was injected; all in `unit`.
    """

    name: str
    title: str
    at: float | None
    value: float | None
    peak: float | None
    baseline: float | None
    threshold: float | None
    unit: Unit
    because: str
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def moved(self) -> bool:
        return self.at is not None
