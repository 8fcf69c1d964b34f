"""When the run's own Prometheus evaluated each alert: a replay at the same instants is at most a scrape early."""

from __future__ import annotations

from chaos.record.events import WatchReached
from chaos.record.journal import Journal


def phases_of(journal: Journal, every: float) -> dict[str, float]:
    """The first evaluation of each alert on the run's clock, to the millisecond; empty if the run's Prometheus was not
    watched, or evaluates at another interval."""
    reached = journal.latest(WatchReached, "prometheus")
    if reached is None or reached.interval != every:
        return {}
    return {name: round(at % every, 3) for name, at in reached.evaluated.items()}
