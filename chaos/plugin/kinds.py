"""Which protocol is spoken behind a proxy."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Kind = Literal["postgres", "mysql", "redis", "http", "tcp"]
"""`tcp`: any other."""

SIGNED_IN: frozenset[Kind] = frozenset({"mysql", "redis"})
"""Those to which a crowd can sign in with the login of their proxy."""

_USUAL: dict[int, Kind] = {
    5432: "postgres",
    6432: "postgres",
    3306: "mysql",
    6379: "redis",
    80: "http",
    8000: "http",
    8080: "http",
}
USUAL_PORTS: Mapping[int, Kind] = MappingProxyType(_USUAL)


def guess(upstream: str) -> Kind:
    """By the usual port of each; 6432 is pgbouncer's."""
    port = upstream.rpartition(":")[2]
    return USUAL_PORTS.get(int(port), "tcp") if port.isdigit() else "tcp"
