"""Sources of a run's key figures, each read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from chaos.checks import breakdown, invariants, ledger, loss
from chaos.checks.finding import Finding
from chaos.checks.judged import Judged
from chaos.checks.outages import Account


@dataclass(frozen=True, eq=False)
class Measured:
    """A judged run and its findings. Times in seconds; None if not measured."""

    judged: Judged
    findings: Sequence[Finding]

    @cached_property
    def hits(self) -> breakdown.Figures:
        """All hits of the play: number, good ones, `ratio`, p50, p95 and p99. Empty without hits."""
        seen = self.judged.observation
        return breakdown.figures(seen, seen.offered) if seen is not None and len(seen) else {}

    @cached_property
    def found(self) -> Mapping[str, float | None]:
        """Return the measured value of the named finding."""
        return {finding.name: finding.measured for finding in self.findings}

    @cached_property
    def lost_updates(self) -> float | None:
        """The most that one invariant has lost: two of them may count the same updates."""
        lost = (invariants.lost_updates(each) for each in self.findings)
        return max((each for each in lost if each is not None), default=None)

    @property
    def outages(self) -> float | None:
        return None if self._seen is None else len(self._seen.found)

    @property
    def worst_outage(self) -> float | None:
        return None if self._seen is None else self._seen.rto

    @property
    def recovery(self) -> float | None:
        return None if self._seen is None else self._seen.recovery

    @cached_property
    def acknowledged(self) -> float | None:
        """Writes."""
        found = ledger.read_ledger(self.judged.journal)
        return None if isinstance(found, str) else int(found.acknowledged.sum())

    @cached_property
    def lost_with_the_loss(self) -> float | None:
        """Acknowledged writes that a drill's loss took, which count for its RPO."""
        told = (each.evidence for each in self.findings if each.check == loss.NAME)
        return next((each["lost_with_it"] for each in told if "lost_with_it" in each), None)

    @cached_property
    def _seen(self) -> Account | None:
        readings = self.judged.outages
        return readings.seen if readings is not None and self.hits else None
