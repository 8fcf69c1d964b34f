"""The outbox: a notification is written in the same transaction as its cause, and retried until delivered."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Engine, Integer, Row, String, Table, Text, insert, select, update

from chaos.database import Utc, metadata
from chaos.notify.destinations import Apprise, Webhook
from chaos.notify.message import Message
from chaos.notify.send import NotDelivered, send

FIRST_PAUSE = timedelta(seconds=5)  # doubled with each attempt
LONGEST_PAUSE = timedelta(minutes=10)
DEADLINE = timedelta(hours=24)  # then it is given up, as shown by `midnight schedule list`
AN_ATTEMPT = timedelta(minutes=2)  # no other process tries the same meanwhile
SHOWN = timedelta(days=7)

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("destination", String(60), nullable=False),
    Column("body", Text, nullable=False),
    Column("created", Utc, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_try", Utc, index=True),  # none: delivered, or given up
    Column("delivered", Utc),
    Column("error", Text, nullable=False, default=""),
)

Destinations = Mapping[str, Webhook | Apprise]


def post(connection: Connection, names: Iterable[str], message: Message, now: datetime) -> None:
    """Put the message into the outbox for each destination, in the transaction of its cause."""
    for name in names:
        id_ = secrets.token_hex(8)
        body = json.dumps({"id": id_, **message.to_json()}, ensure_ascii=False)
        row = {"id": id_, "destination": name, "body": body, "created": now, "next_try": now}
        connection.execute(insert(outbox).values(row))


def deliver(engine: Engine, destinations: Destinations, now: Callable[[], datetime]) -> int:
    """Attempt each notification that is due; return how many were delivered. At least once each: after a crash
    between delivery and its record it is sent again, under the same id.
    """
    with engine.begin() as connection:
        ripe = connection.execute(select(outbox).where(outbox.c.next_try <= now())).all()
    return sum(_attempt(engine, destinations, row, now) for row in ripe)


def _attempt(engine: Engine, destinations: Destinations, row: Any, now: Callable[[], datetime]) -> bool:
    same = (outbox.c.id == row.id, outbox.c.next_try == row.next_try)
    with engine.begin() as connection:
        ours = update(outbox).where(*same).values(next_try=now() + AN_ATTEMPT)
        if not connection.execute(ours).rowcount:
            return False  # another process has it
    outcome = _send(destinations, row, now)
    with engine.begin() as connection:
        connection.execute(update(outbox).where(outbox.c.id == row.id).values(outcome))
    return outcome["delivered"] is not None


def _send(destinations: Destinations, row: Any, now: Callable[[], datetime]) -> dict[str, Any]:
    attempts = row.attempts + 1
    outcome = {"attempts": attempts, "next_try": None, "delivered": None, "error": ""}
    try:
        if row.destination not in destinations:
            raise NotDelivered("is no longer in schedules.yaml")
        send(row.destination, destinations[row.destination], json.loads(row.body))
    except NotDelivered as error:
        again = now() + min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)
        return {**outcome, "error": str(error), "next_try": again if again < row.created + DEADLINE else None}
    return {**outcome, "delivered": now()}


def undelivered(connection: Connection, now: datetime) -> Sequence[Row[Any]]:
    """Notifications tried in the last week and not delivered; without a `next_try`, given up."""
    waiting = (outbox.c.delivered.is_(None), outbox.c.attempts > 0, outbox.c.created > now - SHOWN)
    return connection.execute(select(outbox).where(*waiting).order_by(outbox.c.created)).all()
