"""Detect databases among containers, and their kind: by image, declared port and environment."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chaos.engine.projects import Found

POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True)
class Kind:
    """Signs of a kind: words in an image's name, and variables that only its server's image has."""

    name: str
    port: int
    image: re.Pattern[str]
    environment: re.Pattern[str]


def _kind(name: str, port: int, image: str, environment: str) -> Kind:
    return Kind(name, port, re.compile(image), re.compile(environment))


KINDS = (
    _kind(
        POSTGRESQL,
        5432,
        r"postg(?:res|is)|pgvector|timescale|citus|paradedb|spilo|pgautoupgrade",
        r"^PGDATA=|^POSTGRES_INITDB_ARGS=|^BITNAMI_APP_NAME=postgresql",
    ),
    _kind("mysql", 3306, r"mysql|mariadb|percona", r"^(?:MYSQL|MARIADB)_(?:RANDOM_)?ROOT_PASSWORD"),
    _kind("redis", 6379, r"redis|valkey|keydb|dragonfly", r"^(?:REDIS|VALKEY)_(?:VERSION|DOWNLOAD_URL)="),
    _kind("mongodb", 27017, r"mongo", r"^MONGO_(?:INITDB_|VERSION=)"),
    _kind("sqlserver", 1433, r"mssql|azure-sql-edge", r"^MSSQL_SA_PASSWORD="),
    _kind("clickhouse", 8123, r"clickhouse", r"^CLICKHOUSE_CONFIG="),
)
_DATA = re.compile(r"/var/lib/(?:postgresql|mysql|redis)|/bitnami/|/data(?:/db)?$")
# Tools for a database, which share its name and often its port and its variables.
_TOOL = re.compile(
    r"export|back-?up|admin|bouncer|pgpool|pgcat|odyssey|postgrest|command|insight|meta|prox|router|sentinel"
    r"|migrat|client|dump|barman|express|adminer|metabase|twemproxy|operator|init"
)


def kind_of(found: Found) -> Kind | None:
    """The kind of database in a container; None if it is not one, or is only a tool for one."""
    name = _name(found.image)
    if _TOOL.search(name):
        return None
    for kind in KINDS:
        if kind.image.search(name):
            return kind
    return next((kind for kind in KINDS if kind.port in found.exposed or _is_set_up_as(kind, found)), None)


def _is_set_up_as(kind: Kind, found: Found) -> bool:
    """An application may have its database's variables, but not its directories."""
    variables = (f"{name}={value}" for name, value in found.environment.items())
    return any(map(kind.environment.search, variables)) and any(map(is_data, found.volumes))


def is_data(directory: str) -> bool:
    """True for a directory where databases keep their data."""
    return _DATA.match(directory) is not None


def is_toxiproxy(found: Found) -> bool:
    return "toxiproxy" in found.image or found.image.startswith("midnight/proxy")


def _name(image: str) -> str:
    """Without registry, owner, tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
