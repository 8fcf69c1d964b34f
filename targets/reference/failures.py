"""Failures of the API's dependencies, and which of them are worth a retry.

Unavailable
└── DeadlineExceeded
"""

from __future__ import annotations

import psycopg
import sqlalchemy.exc

# The connection is gone or was refused (08*, 57P*, 53300), or the transaction lost a conflict (40*):
# the attempt has taken effect completely or not at all.
PASSING_STATES = ("08", "57P", "53300", "40")


class Unavailable(Exception):
    """A dependency was unavailable; the client may retry later."""

    def __init__(self, what: str, because: str) -> None:
        super().__init__(f"{what}: {because}")
        self.what = what


class DeadlineExceeded(Unavailable):
    """A dependency did not answer within the API's deadline."""


def is_database_failure(error: BaseException) -> bool:
    """True if the database, not the request, is at fault."""
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return True
    if isinstance(error, Unavailable):
        return error.what == "database"
    return isinstance(error, sqlalchemy.exc.DBAPIError) and (
        error.connection_invalidated or isinstance(error.orig, psycopg.OperationalError)
    )


def is_passing_database_failure(error: BaseException) -> bool:
    """True if a retry may succeed: a lost or refused connection, a full pool, a lost conflict."""
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return True
    if not isinstance(error, sqlalchemy.exc.DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if not isinstance(error.orig, psycopg.OperationalError):
        return False
    # A failed connection has no SQLSTATE.
    return error.orig.sqlstate is None or error.orig.sqlstate.startswith(PASSING_STATES)
