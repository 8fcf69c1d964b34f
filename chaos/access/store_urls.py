"""Parse the connection URLs of MySQL, MariaDB and Redis, and refuse ambiguous ones.

As with a PostgreSQL string, an unescaped `@` or `/` in a password shifts the borders between the parts: such a URL is
refused, and no message contains a piece of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote

from chaos.access.dsn import ENCODE, Uncertain

_FORMS = "mysql://USER:PASSWORD@HOST:3306/NAME, or redis://USER:PASSWORD@HOST:6379 (rediss:// for TLS)"
_SCHEMES: dict[str, Literal["mysql", "redis"]] = {
    "mysql": "mysql",
    "mariadb": "mysql",
    "redis": "redis",
    "rediss": "redis",
    "valkey": "redis",
    "valkeys": "redis",
}
_OVER_TLS = ("rediss", "valkeys")
_URL = re.compile(
    r"(?P<scheme>[a-z]+)(?:\+[a-z0-9_]+)?://"
    r"(?:(?P<user>[^\s@:/?#\[\]]*)(?::(?P<password>[^\s@/?#\[\]]*))?@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*)(?::\d{1,5})?(?:/[^\s@?#]*)?(?:\?[^\s@?#]*)?",
    re.IGNORECASE,
)
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class StoreUrl:
    kind: Literal["mysql", "redis"]
    user: str = field(repr=False)  # may be empty for Redis: its default user
    password: str = field(repr=False)
    certified: str  # the host in the certificate, if the URL requires TLS; else empty
    secret: tuple[str, ...] = field(repr=False)  # user and password, decoded and as in the URL


def parse(text: str) -> StoreUrl:
    """Raises Uncertain."""
    found = _URL.fullmatch(text)
    kind = _SCHEMES.get(text.partition(":")[0].partition("+")[0].lower())
    if kind is None:
        raise Uncertain(f"is not a URL of MySQL, MariaDB or Redis: write {_FORMS}")
    if found is None or _BAD_PERCENT.search(text):
        raise Uncertain(f"is ambiguous: {ENCODE}")
    raw = found["user"] or "", found["password"] or ""
    user, password = (_decoded(each) for each in raw)
    if kind == "mysql" and not user:
        raise Uncertain("has no user: write mysql://USER:PASSWORD@HOST:3306/NAME")
    if kind == "redis" and not password:
        raise Uncertain("has no password: write redis://:PASSWORD@HOST:6379, or leave the login out")
    certified = found["host"].strip("[]") if found["scheme"].lower() in _OVER_TLS else ""
    if found["scheme"].lower() in _OVER_TLS and not certified:
        raise Uncertain("has no host: over TLS, the server's certificate must name it")
    whole = (f"{user}:{password}",) if password else ()
    return StoreUrl(kind, user, password, certified, tuple(filter(None, (user, password, *raw, *whole))))


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise Uncertain(f"is ambiguous: {ENCODE}") from None
