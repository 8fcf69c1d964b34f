"""Classify SQLSTATEs of restored data (PostgreSQL manual, Appendix A)."""

from __future__ import annotations

_MISSING = frozenset(
    {"42P01", "42703", "3D000", "3F000", "42883"}
)  # table, column, database, schema, function
_DAMAGED = ("XX",)  # data corrupted, index corrupted, internal errors


def is_missing(state: str) -> bool:
    """Return True if the queried data is missing or damaged; any other error is the query's fault."""
    return state in _MISSING or state.startswith(_DAMAGED)
