"""Earlier drills and their results. Reads several runs, so it is not a check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaos.history.entry import Entry

LAST = 12  # a year of monthly drills
DUE_AFTER = 31 * 86400.0  # seconds: a passing drill older than this is overdue


@dataclass(frozen=True, slots=True)
class Earlier:
    """One earlier drill; times in seconds, None if not measured."""

    run: str
    started: str
    verdict: str
    rto: float | None
    rpo: float | None
    lost_writes: float | None
    unrecovered: bool = False  # the RTO is a lower bound


def earlier_drills(experiment: str, target: str, profile: str | None, run: str) -> tuple[Earlier, ...]:
    """Return up to twelve drills, newest first, without `run` itself. Raises UsageError if the history cannot be
    queried."""
    from chaos.history.index import open_index  # imports SQLAlchemy: slow, and needed only by drills
    from chaos.history.query import Query

    index = open_index(lambda _: None)
    try:
        found = index.find(Query(experiment=experiment, target=target, profile=profile, limit=LAST + 1))
    finally:
        index.close()
    return tuple(
        Earlier(
            each.run,
            each.started,
            each.verdict or "none",
            each.figures.get("rto"),
            each.figures.get("rpo"),
            each.figures.get("lost_writes"),
            "rto" in each.lower_bounds,
        )
        for each in reversed(found)
        if each.run != run
    )[:LAST]


def last_passed(drills: Iterable[Entry]) -> dict[str, Entry]:
    """Return the last drill of each target that passed as a whole. `drills`: oldest first."""
    return {
        each.target: each for each in drills if each.verdict == "pass" and not each.part and not each.partial
    }
