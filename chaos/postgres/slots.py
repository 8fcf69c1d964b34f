"""Replication slots. One left behind makes a primary retain WAL until its disk is full."""

from __future__ import annotations

import time

from chaos.errors import TargetError
from chaos.later import psycopg
from chaos.postgres.access import Access
from chaos.postgres.cluster import Cluster
from chaos.postgres.connection import ask_all, connect

_PATIENCE = 10.0  # seconds for a walsender to release its slot
_POLL = 0.02


def create_slot(primary: Cluster, access: Access, name: str) -> None:
    """Create a physical slot that retains WAL from now on. Raises TargetError, also if the name is taken."""
    ask_all(access.dsn(primary), "SELECT pg_create_physical_replication_slot(%s, true)", name)


def drop_slot(primary: Cluster, access: Access, name: str) -> None:
    """Drop the slot, even if in use; a no-op if it does not exist. Raises TargetError."""
    deadline = time.monotonic() + _PATIENCE
    where = "FROM pg_replication_slots WHERE slot_name = %s"
    try:
        with connect(access.dsn(primary)) as connection:
            while connection.execute(f"SELECT {where}".encode(), [name]).fetchone() is not None:
                connection.execute(f"SELECT pg_terminate_backend(active_pid) {where}".encode(), [name])
                try:
                    connection.execute(f"SELECT pg_drop_replication_slot(slot_name) {where}".encode(), [name])
                except psycopg.errors.ObjectInUse:
                    if time.monotonic() >= deadline:
                        raise
                    time.sleep(_POLL)
    except psycopg.Error as error:
        raise TargetError(f"slot {name!r} could not be dropped: {str(error).strip()}") from error
