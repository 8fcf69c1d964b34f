"""What a fault may require of a target before load starts: the keys of `Fault.staging`, with their units."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

STAGING: Mapping[str, str] = MappingProxyType(
    {
        "machine.memory": "bytes that the fault takes from the machine",
        "machine.disk": "bytes that the fault takes from the machine's disk",
        "logs.grown": "bytes that the log to be rotated has grown to",
        "database.standby": "0: none, 1: asynchronous, 2: synchronous",
        "database.archive": "seconds after which a WAL segment is archived even if it is not full; 0: no archive",
    }
)
"""A driver may stage more for faults of its own: `Driver.stages`."""


def unknown_key(asked: Mapping[str, float], stages: frozenset[str] = frozenset()) -> str | None:
    """The rule that a fault's staging breaks on a driver that also stages `stages`; None where it breaks none."""
    known = sorted({*STAGING, *stages})
    strange = sorted(set(asked) - set(known))
    return f"unknown staging key {strange[0]!r}; known: {', '.join(known)}" if strange else None
