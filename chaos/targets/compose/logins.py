"""Logins for the project's database: from the file, or from the image's setup variables."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Sequence

from chaos.access.secrets import SecretReader
from chaos.engine.client import connected
from chaos.engine.projects import Found
from chaos.errors import ControlError, UsageError
from chaos.later import conninfo
from chaos.plugin.handles import EngineAt
from chaos.targets.attach import databases
from chaos.targets.attach.databases import ADMIN, Dsn
from chaos.targets.compose.options import DatabaseRole
from chaos.targets.compose.reach import Reached, reach

ROLES = ("api", "batch", "crowd")
_LARGEST = 4096  # bytes of a file with a password


def of(
    role: DatabaseRole | None, containers: Sequence[Found], at: EngineAt, secret: SecretReader
) -> tuple[tuple[Dsn, ...], tuple[Reached, ...]]:
    """The connection strings, the superuser's first, and how the server is reached if the file has none.
    Raises UsageError."""
    if role is None or role.kind != "postgresql":
        return (), ()
    where = "options: database"
    reached: tuple[Reached, ...] = ()
    if role.admin_dsn is not None:
        given = {ADMIN: role.admin_dsn, **role.dsns}
        parts = {name: secret.connection(each, f"{where}: {name}") for name, each in given.items()}
    else:
        reached = (reach(containers, role.port, "database"),)
        own = secret.take_apart(_own_dsn(containers[0], reached[0].port, at), where)
        parts = dict.fromkeys((ADMIN, *ROLES), own) | {
            name: secret.connection(each, f"{where}: dsns: {name}") for name, each in role.dsns.items()
        }
    found = tuple(databases.aimed(name, each, f"{where}: {name}", ()) for name, each in parts.items())
    return found, reached


def _own_dsn(found: Found, port: int, at: EngineAt) -> str:
    """Raises UsageError."""
    env = found.environment

    def first(*names: str) -> str | None:
        for name in names:
            if value := env.get(name):
                return value
            if file := env.get(f"{name}_FILE"):
                return _secret_file(found, file, name, at)
        return None

    superuser = first("POSTGRESQL_POSTGRES_PASSWORD", "POSTGRES_POSTGRES_PASSWORD")  # of Bitnami's images
    user = "postgres" if superuser else first("POSTGRES_USER", "POSTGRESQL_USERNAME") or "postgres"
    password = superuser or first("POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD")
    if password is None and env.get("POSTGRES_HOST_AUTH_METHOD") != "trust":
        rule = f"database: {found.name} has no POSTGRES_PASSWORD in its environment"
        raise UsageError(f"{rule}: give options: database: admin_dsn: {{env: NAME}}")
    dbname = first("POSTGRES_DB", "POSTGRESQL_DATABASE") or user
    login = {"password": password} if password is not None else {}
    return conninfo.make_conninfo(host="127.0.0.1", port=port, user=user, dbname=dbname, **login)


def _secret_file(found: Found, path: str, name: str, at: EngineAt) -> str:
    """The container's value, read like the image's own entry point does. Raises UsageError."""
    try:
        with connected(at) as client, tempfile.TemporaryFile() as archive:
            chunks, told = client.api.get_archive(found.id, path)
            if told["size"] > _LARGEST:
                raise UsageError(
                    f"database: {name}_FILE: {path} of {found.name} is not a file with a password"
                )
            for chunk in chunks:
                archive.write(chunk)
            archive.seek(0)
            with tarfile.open(fileobj=archive) as files:
                member = files.extractfile(files.getmembers()[0])
                return member.read().decode().rstrip("\n") if member is not None else ""
    except (ControlError, OSError, KeyError, UnicodeDecodeError, tarfile.TarError) as error:
        raise UsageError(f"database: {name}_FILE: {path} of {found.name} cannot be read: {error}") from None
