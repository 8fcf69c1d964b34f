"""The recovery target: always explicit, because a server without one ends silently wherever the WAL does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chaos.postgres.settings import Settings
from chaos.postgres.wal import Lsn, lsn, show_lsn


@dataclass(frozen=True, slots=True)
class Target:
    """A point to recover to. `inclusive`: including the event at that point. `timeline` None: the backup's own."""

    kind: Literal["time", "lsn", "xid", "name", "immediate"]
    value: str
    inclusive: bool = True
    timeline: int | None = None

    def __str__(self) -> str:
        what = "the backup's end" if self.kind == "immediate" else f"{self.kind} {self.value}"
        return what if self.inclusive else f"just before {what}"

    @property
    def time(self) -> datetime | None:
        return datetime.fromisoformat(self.value) if self.kind == "time" else None

    @property
    def lsn(self) -> Lsn | None:
        return lsn(self.value) if self.kind == "lsn" else None

    def settings(self, timeline: int) -> Settings:
        """A server's settings to recover to this point and then accept writes."""
        names = {"immediate": "recovery_target"}
        kinds = ("time", "lsn", "xid", "name", "immediate")
        # Setting a second kind of target, even to nothing, prevents a server from starting.
        others: Settings = {names.get(kind, f"recovery_target_{kind}"): None for kind in kinds}
        return {
            **others,
            names.get(self.kind, f"recovery_target_{self.kind}"): self.value,
            "recovery_target_inclusive": "on" if self.inclusive else "off",
            "recovery_target_timeline": timeline,
            "recovery_target_action": "promote",
        }


def at_time(at: datetime, *, inclusive: bool = True, timeline: int | None = None) -> Target:
    """Raises ValueError for a time without a zone: the server would read it in its own."""
    if at.tzinfo is None:
        raise ValueError(f"a time to recover to needs a time zone, got {at.isoformat()}")
    return Target("time", at.isoformat(), inclusive, timeline)


def at_lsn(place: Lsn, *, inclusive: bool = True, timeline: int | None = None) -> Target:
    """The first record that begins at or after `place`, which must exist."""
    return Target("lsn", show_lsn(place), inclusive, timeline)


def at_xid(xid: int, *, inclusive: bool = True, timeline: int | None = None) -> Target:
    """The end of that transaction; if not inclusive, just before it."""
    return Target("xid", str(xid), inclusive, timeline)


def at_name(name: str, *, timeline: int | None = None) -> Target:
    """The name given to pg_create_restore_point."""
    return Target("name", name, True, timeline)


def at_backups_end(*, timeline: int | None = None) -> Target:
    """As soon as the backup is consistent, and no further."""
    return Target("immediate", "immediate", True, timeline)
