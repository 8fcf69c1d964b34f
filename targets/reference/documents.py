"""The documents: read only."""

from __future__ import annotations

import zlib
from typing import Any

from sqlalchemy import Connection, text

ONE = text("SELECT id, title, body, updated_at FROM documents WHERE id = :id")


def find(connection: Connection, number: int) -> dict[str, Any] | None:
    """The document with that number, if any."""
    row = connection.execute(ONE, {"id": number}).first()
    if row is None:
        return None
    return {"id": row.id, "title": row.title, "body": row.body, "updated_at": row.updated_at.isoformat()}


def number_for(prompt: str, documents: int) -> int:
    """The number of the document a prompt is about, 1 to `documents`; deterministic."""
    return zlib.crc32(prompt.encode()) % documents + 1
