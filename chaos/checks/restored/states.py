"""What an SQLSTATE says about restored data (PostgreSQL's manual, Appendix A)."""

from __future__ import annotations

_MISSING = frozenset(
    {"42P01", "42703", "3D000", "3F000", "42883"}
)  # table, column, database, schema, function
_DAMAGED = ("XX",)  # data corrupted, index corrupted, internal errors


def is_missing(state: str) -> bool:
    """Whether what was asked for has not come back, or came back damaged; anything else is the question's fault."""
    return state in _MISSING or state.startswith(_DAMAGED)
