"""The DataSources of a file, and which kind of source each metric has."""

from __future__ import annotations

from dataclasses import dataclass, field

from chaos.spec.openslo.models import DataSource, MetricSource
from chaos.spec.yamlfile import Where

MIDNIGHT = "midnight"
"""The `type` of a metric source for the load's own hits."""
PROMETHEUS = "Prometheus"
"""The `type` of a metric source for the target's Prometheus."""


@dataclass(slots=True)
class Sources:
    """DataSources by name. `asked`: the name of the one that is the target's Prometheus."""

    known: dict[str, DataSource] = field(default_factory=dict)
    asked: str | None = None

    def kind(self, at: Where, source: MetricSource) -> str:
        """MIDNIGHT or PROMETHEUS. Raises FileError for another, and for a second Prometheus: a target has one."""
        ref, kind = source.metricSourceRef, source.type
        if ref is not None:
            if ref not in self.known:
                rule = "is not a DataSource of this file"
                raise at.under("metricSourceRef").unknown(rule, ref, self.known, ref)
            meant = self.known[ref].type
            if kind is not None and kind.lower() != meant.lower():
                raise at.under("type").broken(f"DataSource {ref!r} is of type {meant}", kind)
            kind = meant
        if kind == MIDNIGHT:
            return MIDNIGHT
        if kind is None or kind.lower() != PROMETHEUS.lower():
            rule = f"cannot be queried: use {MIDNIGHT} for the load's own hits, or {PROMETHEUS}"
            raise at.under("type").broken(rule, kind)
        if ref is not None:
            self._only_one(at.under("metricSourceRef"), ref)
        return PROMETHEUS

    def _only_one(self, at: Where, ref: str) -> None:
        if self.asked is None:
            self.asked = ref
        if self.known[ref].connectionDetails != self.known[self.asked].connectionDetails:
            raise at.broken(
                f"is a different Prometheus from {self.asked!r}: only the target's own is queried", ref
            )
