"""What the key figures of a run are taken from, each read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from chaos.checks import breakdown, ledger
from chaos.checks.finding import Finding
from chaos.checks.judged import Judged
from chaos.checks.outages import Account


@dataclass(frozen=True, eq=False)
class Measured:
    """A judged run and what was found. Times in seconds; None where nothing could be measured."""

    judged: Judged
    findings: Sequence[Finding]

    @cached_property
    def hits(self) -> breakdown.Figures:
        """Of all hits of the play: how many, how many good, their `ratio`, p50, p95 and p99. Empty without any."""
        seen = self.judged.observation
        return breakdown.figures(seen, seen.offered) if seen is not None and len(seen) else {}

    @cached_property
    def found(self) -> Mapping[str, float | None]:
        """What was measured, by the name of the finding."""
        return {finding.name: finding.measured for finding in self.findings}

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
    def _seen(self) -> Account | None:
        readings = self.judged.outages
        return readings.seen if readings is not None and self.hits else None
