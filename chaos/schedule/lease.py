"""The lease: of several schedulers on one database, only the holder starts runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable

from sqlalchemy import ColumnElement, Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from chaos.schedule.tables import lease

log = logging.getLogger(__name__)

LEADER = "leader"


class Stillness:
    """Detect heartbeats that have stopped, using only our own clock.

    Clocks of different machines are never compared, so a wrong or reset clock cannot make one scheduler
    believe that another is gone.
    """

    def __init__(self, elapsed: Callable[[], float], lasts: float) -> None:
        self._elapsed, self._lasts = elapsed, lasts
        self._seen: dict[Hashable, tuple[object, float]] = {}

    def is_still(self, what: Hashable, mark: object) -> bool:
        """Return True if `mark` has not changed for `lasts` seconds of observation."""
        known, since = self._seen.get(what, (None, 0.0))
        if what not in self._seen or known != mark:
            self._seen[what] = (mark, self._elapsed())
            return False
        return self._elapsed() - since >= self._lasts

    def forget_all_but(self, kept: set[Hashable]) -> None:
        self._seen = {what: seen for what, seen in self._seen.items() if what in kept}


class Lease:
    """Held by heartbeats. Each holder has a greater token than the one before: the fence."""

    def __init__(self, engine: Engine, holder: str, stillness: Stillness) -> None:
        self._engine, self._holder, self._stillness = engine, holder, stillness
        self._token: int | None = None

    def hold(self) -> int | None:
        """Renew the lease, or take it if its heartbeat has stopped. Returns our token, or None."""
        try:
            with self._engine.begin() as connection:
                self._token = self._hold(connection)
        except IntegrityError:  # another scheduler created the first lease just now
            self._token = None
        return self._token

    def _hold(self, connection: Connection) -> int | None:
        row = connection.execute(select(lease).where(lease.c.name == LEADER)).first()
        if row is None:
            connection.execute(insert(lease).values(name=LEADER, holder=self._holder, token=1, beat=0))
            return 1
        ours = row.holder == self._holder and row.token == self._token
        still = self._stillness.is_still(LEADER, (row.token, row.beat))
        if not (ours or row.holder is None or still):
            log.debug("lease held by %s (token %d, heartbeat %d)", row.holder, row.token, row.beat)
            return None
        token = row.token if ours else row.token + 1
        if not ours:
            log.debug(
                "taking the lease of %s, which %s", row.holder, "has stopped" if still else "was released"
            )
        same = (lease.c.name == LEADER, lease.c.token == row.token, lease.c.beat == row.beat)
        taken = update(lease).where(*same).values(holder=self._holder, token=token, beat=row.beat + 1)
        return token if connection.execute(taken).rowcount else None

    def give_back(self) -> None:
        """Release the lease, so that another scheduler can take it at once."""
        if self._token is not None:
            with self._engine.begin() as connection:
                connection.execute(update(lease).where(*_held(self._holder, self._token)).values(holder=None))
            self._token = None


class Deposed(Exception):
    """Another scheduler holds the lease now: nothing was written."""


def fence(connection: Connection, holder: str, token: int) -> None:
    """Lock the lease until this transaction ends. Raises Deposed unless `holder` still holds it under `token`."""
    held = update(lease).where(*_held(holder, token)).values(beat=lease.c.beat + 1)
    if not connection.execute(held).rowcount:
        raise Deposed


def _held(holder: str, token: int) -> tuple[ColumnElement[bool], ...]:
    return (lease.c.name == LEADER, lease.c.holder == holder, lease.c.token == token)
