"""Libraries that take long to import, each imported when one of its names is first used.

A command that reads an experiment (`validate`, `plan`, `schedule list`) imports its faults and driver, and with them
most modules, but calls no server: it would import these libraries in vain, for longer than it works. So modules that
such a command reaches take them from here; tests/test_start_up.py holds that. All other modules import as usual.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["Later", "conninfo", "httpx", "pq", "psycopg", "requests", "sql"]


class Later:
    """A module, imported when an attribute is first read, in whichever thread."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)


if TYPE_CHECKING:
    import httpx
    import psycopg
    import requests
    from psycopg import conninfo, pq, sql
else:
    httpx, psycopg, requests = Later("httpx"), Later("psycopg"), Later("requests")
    conninfo, pq, sql = Later("psycopg.conninfo"), Later("psycopg.pq"), Later("psycopg.sql")
