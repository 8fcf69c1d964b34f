"""The tables of the scheduler."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from chaos.database import Utc, metadata

schedules = Table(
    "schedules",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("when", Text, nullable=False),  # the rule and zone in force since then
    Column("timezone", Text, nullable=False),
    Column("since", Utc, nullable=False),
    Column("paused", Boolean, nullable=False, default=False),
    Column("because", Text, nullable=False, default=""),
)

occurrences = Table(
    "occurrences",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("schedule", String(60), nullable=False),
    Column("due_utc", Utc, nullable=False),
    Column("by_hand", Boolean, nullable=False, default=False),
    Column("state", String(10), nullable=False),
    Column("target", Text, nullable=False),
    Column("holder", Text),
    Column("token", Integer),
    Column("heartbeat", Utc),
    Column("started", Utc),
    Column("ended", Utc),
    Column("because", Text, nullable=False, default=""),
    Column("run", Text),
    Column("exit_code", Integer),
    Column("event", String(10)),
    UniqueConstraint("schedule", "due_utc"),
    Index("occurrences_state", "state"),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("holder", Text),  # none: released
    Column("token", Integer, nullable=False),
    Column("beat", Integer, nullable=False),
)
