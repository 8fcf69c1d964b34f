"""The documents: read only."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

ONE = text("SELECT id, title, body, updated_at FROM documents WHERE id = :id")
PAGE = text("SELECT id, title, body FROM documents WHERE id > :after ORDER BY id LIMIT 100")


def find(connection: Connection, number: int) -> dict[str, Any] | None:
    """The document with that number, if any."""
    row = connection.execute(ONE, {"id": number}).first()
    if row is None:
        return None
    return {"id": row.id, "title": row.title, "body": row.body, "updated_at": row.updated_at.isoformat()}


def lines(connection: Connection) -> Iterator[str]:
    """All documents in order, a page of lines of JSON at a time."""
    after = 0
    while page := connection.execute(PAGE, {"after": after}).mappings().all():
        yield "".join(f"{json.dumps(dict(row))}\n" for row in page)
        after = page[-1]["id"]


def number_for(prompt: str, documents: int) -> int:
    """The number of the document a prompt is about, 1 to `documents`; deterministic."""
    return zlib.crc32(prompt.encode()) % documents + 1
