"""Select runs to delete: by count and by age, separately for each experiment, target and profile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chaos.history.entry import Entry

DRILLS_KEPT = 400 * 86400.0  # seconds: the evidence for a yearly audit, plus a month


@dataclass(frozen=True, slots=True)
class Retention:
    """Keep the newest `keep` runs of each group, runs younger than `age`, and drills younger than `drills` (seconds).
    None: that rule keeps nothing."""

    keep: int | None
    age: float | None
    drills: float = DRILLS_KEPT

    def too_old(self, entries: Iterable[Entry], now: datetime) -> list[Entry]:
        """Return the runs that no rule keeps, oldest first. Each group always keeps its newest failed run, to learn
        from, and its newest passing and newest baseline runs, to compare with."""
        groups: dict[tuple[str, str, str | None], list[Entry]] = {}
        for entry in sorted(entries, key=lambda entry: (entry.started, entry.run)):
            groups.setdefault(entry.group, []).append(entry)
        found = [entry for group in groups.values() for entry in self._of_group(group, now)]
        return sorted(found, key=lambda entry: (entry.started, entry.run))

    def _of_group(self, group: list[Entry], now: datetime) -> list[Entry]:
        kept = {entry.run for entry in group[-self.keep :]} if self.keep else set()
        for verdict in ("fail", "pass"):
            kept |= {entry.run for entry in [each for each in group if each.verdict == verdict][-1:]}
        kept |= {entry.run for entry in [each for each in group if each.counts][-1:]}
        return [entry for entry in group if entry.run not in kept and not self._is_young(entry, now)]

    def _is_young(self, entry: Entry, now: datetime) -> bool:
        age = (now - datetime.fromisoformat(entry.started)) / timedelta(seconds=1)
        return age < max(self.age or 0.0, self.drills if entry.drill else 0.0)
