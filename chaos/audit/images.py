"""Which images are databases and poolers. Tools are often named after the database that they watch or show."""

from __future__ import annotations

import re

from chaos.audit.workload import Container

_POSTGRESQL = re.compile(r"postgres(?!t)|pgvector|postgis|timescale|patroni|spilo", re.I)
_POOLER = re.compile(r"pgbouncer|pgcat|odyssey", re.I)
_OTHER = re.compile(r"mysql|mariadb|redis|valkey|mongo|cassandra", re.I)
_TOOL = re.compile(
    r"exporter|mongo-?express|redis-?(?:commander|insight)|(?:pg|my)-?admin|adminer|pgweb"
    r"|(?:postgres(?:ql)?|mysql|mariadb|redis|mongo(?:db)?)-(?:[a-z]+-)?(?:operator|backup|meta\b)",
    re.I,
)


def is_tool(container: Container) -> bool:
    """Return True for what exports, shows or backs up another container's data."""
    return _TOOL.search(container.image) is not None


def is_pooler(container: Container) -> bool:
    return _matches(container, _POOLER)


def is_postgresql(container: Container) -> bool:
    """Return True for the image of a PostgreSQL, not for that of a pooler."""
    return _matches(container, _POSTGRESQL) and not is_pooler(container)


def is_database(container: Container) -> bool:
    """Return True for the image of a database or a pooler: its probes ask itself."""
    return any(_matches(container, each) for each in (_POSTGRESQL, _POOLER, _OTHER))


def _matches(container: Container, image: re.Pattern[str]) -> bool:
    return image.search(container.image) is not None and not is_tool(container)
