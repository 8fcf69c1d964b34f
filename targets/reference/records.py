"""The records: appended under a sequence number chosen by the client, and read back."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection, text

APPEND = text(
    "INSERT INTO records (seq, payload, checksum) VALUES (:seq, :payload, :checksum)"
    " ON CONFLICT (seq) DO NOTHING RETURNING seq"
)
CHECKSUM = text("SELECT checksum FROM records WHERE seq = :seq")
AFTER = text("SELECT seq, payload FROM records WHERE seq > :after ORDER BY seq LIMIT :limit")

CREATED, KNOWN, CONFLICT = 201, 200, 409


def checksum(payload: str) -> str:
    """The first 16 hexadecimal digits of the payload's SHA-256."""
    return hashlib.sha256(payload.encode()).hexdigest()[:16]


def append(connection: Connection, seq: int, payload: str, payload_checksum: str) -> int:
    """Append exactly once: CREATED, KNOWN (the same record exists) or CONFLICT (a different one exists)."""
    row = {"seq": seq, "payload": payload, "checksum": payload_checksum}
    if connection.execute(APPEND, row).first() is not None:
        return CREATED
    # The insert has waited for any concurrent append of this number, so the row exists and is committed.
    present = connection.execute(CHECKSUM, {"seq": seq}).scalar_one()
    return KNOWN if present == payload_checksum else CONFLICT


def page(connection: Connection, after: int, limit: int) -> dict[str, Any]:
    """Up to `limit` records after a number, in order; the checksum is computed from the stored payload."""
    rows = connection.execute(AFTER, {"after": after, "limit": limit + 1}).all()
    return {
        "records": [{"seq": row.seq, "checksum": checksum(row.payload)} for row in rows[:limit]],
        "last": len(rows) <= limit,
    }
