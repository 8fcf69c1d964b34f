"""Failures of what the API depends on: which there are, and which are worth another attempt.

Unavailable
└── DeadlineExceeded
"""

from __future__ import annotations

import psycopg
import sqlalchemy.exc

# The connection is gone or was refused (08*, 57P*, 53300), or the transaction lost a conflict (40*):
# nothing of the attempt stands, or it stands whole.
PASSING_STATES = ("08", "57P", "53300", "40")


class Unavailable(Exception):
    """A dependency did not serve; the client may come back later."""

    def __init__(self, what: str, because: str) -> None:
        super().__init__(f"{what}: {because}")
        self.what = what


class DeadlineExceeded(Unavailable):
    """A dependency did not serve in the time the API gives it."""


def is_database_failure(error: BaseException) -> bool:
    """Whether the database, not the request, is at fault."""
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return True
    if isinstance(error, Unavailable):
        return error.what == "database"
    return isinstance(error, sqlalchemy.exc.DBAPIError) and (
        error.connection_invalidated or isinstance(error.orig, psycopg.OperationalError)
    )


def is_passing_database_failure(error: BaseException) -> bool:
    """Whether another attempt may succeed: a lost or refused connection, a full pool, a lost conflict."""
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return True
    if not isinstance(error, sqlalchemy.exc.DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if not isinstance(error.orig, psycopg.OperationalError):
        return False
    # A connection that could not be made carries no SQLSTATE.
    return error.orig.sqlstate is None or error.orig.sqlstate.startswith(PASSING_STATES)
