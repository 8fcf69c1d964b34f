"""Whether a server takes a write, by trying one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Literal

import psycopg

from chaos.postgres.connection import StatementRefused, Unanswered, run_within

DEADLINE = 3.0  # seconds an attempt may take

# How a server says that it takes no writes at all: read-only, disk full, an I/O error.
_REFUSALS = {"25006", "53100", "58030"}
_READ_ONLY_DISK = "Read-only file system"  # which PostgreSQL reports as a lack of rights


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a write ended; `said` is the server's or libpq's own words, empty when it was accepted."""

    outcome: Literal["accepted", "refused", "unanswered", "unreachable"]
    said: str = ""


def attempt_write(dsn: str, *, commit: bool, deadline: float = DEADLINE) -> Attempt:
    """Create a table of ours, write a row, and take both back: by a rollback, or dropped and committed.

    A temporary table would be let through where nothing else is. Rolled back, it tells whether the
    server takes writes; committed, whether it acknowledges them too: a synchronous primary that misses
    its standby takes a write and never answers (`unanswered`). Nothing is left, but the WAL of it: an
    old primary that accepts has diverged further. Raises StatementRefused where the role may not write.
    """
    table = f"midnight_probe_{secrets.token_hex(4)}"
    end = f"DROP TABLE {table}; COMMIT;" if commit else "ROLLBACK;"
    write = f"BEGIN; CREATE TABLE {table} (n int); INSERT INTO {table} VALUES (1); {end}"
    try:
        run_within(dsn, write, deadline)
    except StatementRefused as refusal:
        if refusal.state in _REFUSALS or _READ_ONLY_DISK in str(refusal):
            return Attempt("refused", str(refusal))
        if not refusal.state:  # the connection's end, not the server's answer
            return Attempt("unreachable", str(refusal))
        raise
    except Unanswered as silence:
        return Attempt("unanswered", str(silence))
    except psycopg.OperationalError as error:
        return Attempt("unreachable", str(error).strip())
    return Attempt("accepted")


def refuses_writes(dsn: str, *, deadline: float = DEADLINE) -> bool:
    """Whether the server answers and refuses a write: the proof that it is fenced while it runs.

    False when it takes the write. Raises Unanswered where it cannot be told: a server that is down or
    frozen refuses nothing, and may come back.
    """
    attempt = attempt_write(dsn, commit=False, deadline=deadline)
    if attempt.outcome in ("unanswered", "unreachable"):
        raise Unanswered(f"whether it refuses writes is not known: {attempt.said}")
    return attempt.outcome == "refused"
