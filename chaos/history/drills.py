"""The drills before this one: what became of each. It looks at several runs, so it is no check."""

from __future__ import annotations

from dataclasses import dataclass

LAST = 12  # a year of monthly drills


@dataclass(frozen=True, slots=True)
class Earlier:
    """One earlier drill; times in seconds, None where nothing was measured."""

    run: str
    started: str
    verdict: str
    rto: float | None
    rpo: float | None
    lost_writes: float | None


def earlier_drills(experiment: str, target: str, profile: str | None, run: str) -> tuple[Earlier, ...]:
    """The newest first, at most twelve, without `run` itself. Raises UsageError when memory cannot be asked."""
    from chaos.history import Query, open_index  # brings SQLAlchemy, which only a drill waits for

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
        )
        for each in reversed(found)
        if each.run != run
    )[:LAST]
