"""Try a write to see whether a server accepts it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Literal

from chaos.later import psycopg
from chaos.postgres.connection import StatementRefused, Unanswered, run_within

DEADLINE = 3.0  # seconds per attempt

# A server's SQLSTATEs for refusing all writes: read-only, disk full, I/O error.
_REFUSALS = {"25006", "53100", "58030"}
_READ_ONLY_DISK = "Read-only file system"  # which PostgreSQL reports as a missing privilege


@dataclass(frozen=True, slots=True)
class Attempt:
    """The outcome of a write; `said` is the server's or libpq's own message, empty if accepted."""

    outcome: Literal["accepted", "refused", "unanswered", "unreachable"]
    said: str = ""


def attempt_write(dsn: str, *, commit: bool, deadline: float = DEADLINE) -> Attempt:
    """Create a table, write a row, and undo both: roll back, or drop and commit.

    Not a temporary table, which would be accepted even if nothing else is. Rolled back, it shows whether the server
    accepts writes; committed, whether it acknowledges them too: a synchronous primary without its standby accepts a
    write and never answers (`unanswered`). Nothing is left except its WAL: an old primary that accepts it has
    diverged further. Raises StatementRefused if the role may not write.
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
    """True if the server answers and refuses a write: the proof that it is fenced while running.

    False if it accepts the write. Raises Unanswered if that cannot be determined: a server that is down or frozen
    refuses nothing, and may come back.
    """
    attempt = attempt_write(dsn, commit=False, deadline=deadline)
    if attempt.outcome in ("unanswered", "unreachable"):
        raise Unanswered(f"it is unknown whether it refuses writes: {attempt.said}")
    return attempt.outcome == "refused"
