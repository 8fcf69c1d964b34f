"""Connection strings from secrets: checked, pinned to one address, and stripped of their passwords.

A password goes into a pass file readable only by its owner, because an undo with the connection string must suffice
by itself in another process, but must not contain a secret.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chaos.access import allowlist
from chaos.access.dsn import Parts
from chaos.access.secrets import SecretReader
from chaos.errors import UsageError
from chaos.later import conninfo, psycopg
from chaos.targets.attach.options import DatabaseAt

log = logging.getLogger(__name__)

ADMIN = "admin_dsn"
_KEPT = ("password", "sslpassword")
_ELSEWHERE = ("service", "passfile")  # each would add settings that are not checked here
CONNECT_WITHIN = 5  # seconds


@dataclass(frozen=True, slots=True)
class Dsn:
    """One parsed connection string of one role."""

    role: str
    options: Mapping[str, str]  # without the password
    password: str = field(repr=False)

    def string(self, passfile: Path | None) -> str:
        """The string for libpq; the password is in the pass file."""
        return conninfo.make_conninfo(**self.options, **({"passfile": str(passfile)} if passfile else {}))

    def whole(self) -> str:
        """With the password: for connections of this process only, never for a file or an argument."""
        return conninfo.make_conninfo(
            **self.options, **({"password": self.password} if self.password else {})
        )


def read(at: DatabaseAt, where: str, secret: SecretReader, allow: Collection[str]) -> tuple[Dsn, ...]:
    """The connection strings of one database, the administrator's first. Raises UsageError, Refused."""
    found = []
    for role, given in {ADMIN: at.admin_dsn, **at.dsns}.items():
        place = f"{where}: {role if role == ADMIN else f'dsns: {role}'}"
        found.append(aimed(role, secret.connection(given, place), place, allow))
    return tuple(found)


def aimed(role: str, parts: Parts, where: str, allow: Collection[str]) -> Dsn:
    """Pin a connection string to the address resolved now.

    Raises UsageError, and Refused for a host that is not allowed; no message shows the string.
    """
    options = dict(parts.options)
    if found := [key for key in (*_ELSEWHERE, *_KEPT[1:]) if key in options]:
        raise UsageError(f"{where}: must not contain {found[0]!r}")
    host = options.get("host", "")
    if not host or "," in host or "hostaddr" in options:
        raise UsageError(f"{where}: must name exactly one host and no hostaddr")
    if host.startswith(("/", "@")):
        options["hostaddr"] = ""  # a socket of this machine, regardless of the environment
    else:
        options["hostaddr"] = allowlist.addresses_at(where, host, allow)[0]
    log.debug("%s: host %s (%s), port %s", where, host, options["hostaddr"], options.get("port", "5432"))
    options.setdefault("connect_timeout", str(CONNECT_WITHIN))
    return Dsn(role, options, parts.password)


def version(dsn: Dsn) -> str | None:
    """The server's version; None if it does not answer now."""
    try:
        with psycopg.connect(dsn.string(None), password=dsn.password or None) as connection:
            return connection.info.parameter_status("server_version")
    except psycopg.Error as error:
        log.debug("%s: no version: %s", dsn.role, error)
        return None


def pass_line(password: str) -> str:
    """A pass file's line with this password for every connection."""
    return "*:*:*:*:" + password.replace("\\", "\\\\").replace(":", "\\:") + "\n"
