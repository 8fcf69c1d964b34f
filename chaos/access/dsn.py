"""Parse PostgreSQL connection strings, and refuse ambiguous ones.

An unescaped `@`, `/` or `#` in a password shifts the borders between the parts, and a piece of it could pass for a
host. Ambiguous strings are refused before anything is resolved; no message contains a piece of the string.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, unquote_plus

from chaos.later import conninfo, pq, psycopg

ENCODE = (
    "in user and password write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25 and a space as %20"
)
KEYWORDS = "or write it as host=HOST port=5432 user=USER password='PASSWORD' dbname=NAME"
_URL_RULE = f"is ambiguous: {ENCODE}; {KEYWORDS}"
_KEYWORD_RULE = (
    "is ambiguous: write each part once, as host=HOST user=USER password='PASSWORD', with \\' for a "
    "quote and \\\\ for a backslash within"
)
_FOREIGN_RULE = "is not a PostgreSQL connection string: write postgresql://USER:PASSWORD@HOST:5432/NAME"
_PARAMETER_RULE = "has a parameter after ? unknown to libpq: remove it, and write an & within a value as %26"

_SCHEME = re.compile(r"(?i:(jdbc:)?postgres(?:ql)?(?:\+[a-z0-9_]+)?://)")
_OTHER_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HOST = r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._,-]*|%2[Ff][A-Za-z0-9._%-]*"
_URL = re.compile(
    r"(?:(?P<user>[^\s@:/?#\[\]]*)(?::(?P<password>[^\s@/?#\[\]]*))?@)?"
    rf"(?P<host>{_HOST})(?::(?P<port>\d{{1,5}}))?"
    r"(?:/(?P<dbname>[^\s@/?#\[\]]*))?"
    r"(?:\?(?P<query>[^\s?#]*))?"
)
_HOSTS = re.compile(r"[A-Za-z0-9._,:\[\]-]+|[/@][^\s,]*")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_KEYWORD = re.compile(
    r"\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)(?:[^\s\\]|\\.)*)?)(?=\s|$)"
)

_RENAMED = {"applicationname": "application_name"}
_OF_OTHERS = frozenset({
    # Prisma
    "schema", "connection_limit", "pool_timeout", "pgbouncer", "sslaccept", "statement_cache_size", "socket_timeout",
    "sslidentity",
    # JDBC
    "currentschema", "logintimeout", "connecttimeout", "sockettimeout", "tcpkeepalive", "preparethreshold",
    "rewritebatchedinserts", "stringtype", "binarytransfer", "defaultrowfetchsize", "targetservertype",
    "loadbalancehosts", "readonly", "autosave", "preferquerymode", "cancelsignaltimeout", "sslfactory", "gssencmode",
    # SQLAlchemy, asyncpg, Rails, Go, Node
    "async_fallback", "prepared_statement_cache_size", "prepared_statement_name_func", "pool", "pool_size",
    "max_overflow", "pool_recycle", "pool_max_conns", "pool_min_conns", "statement_timeout", "lock_timeout",
    "search_path", "prepared_statements", "uselibpqcompat",
})  # fmt: skip
"""Parameters that other programs put after `?`, in lower case: they do not affect who logs in where."""
_SSL_MODES = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}


class Uncertain(ValueError):
    """The message is the broken rule and what to write instead; it contains no piece of the string."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Return the keywords for libpq, without the password and without empty parts."""

    options: Mapping[str, str] = field(repr=False)
    password: str = field(repr=False)
    secret: tuple[str, ...] = field(repr=False)  # user and password, decoded and as in the string


def is_url(text: str) -> bool:
    """Return True if it begins like a PostgreSQL URL, as written by any of the programs named below."""
    return _SCHEME.match(text) is not None


def parse(text: str) -> Parts:
    """Parse a connection string of libpq (keywords or URL), SQLAlchemy, JDBC or Prisma.

    Raises Uncertain.
    """
    scheme = _SCHEME.match(text)
    if scheme is not None:
        return _url(text[scheme.end() :], jdbc=scheme[1] is not None)
    if _OTHER_SCHEME.match(text) or "=" not in text:
        raise Uncertain(_FOREIGN_RULE)
    return _keywords(text)


def _url(rest: str, *, jdbc: bool) -> Parts:
    found = _URL.fullmatch(rest)
    if found is None or _BAD_PERCENT.search(rest) or (jdbc and found["user"] is not None):
        raise Uncertain(_URL_RULE)
    raw = {key: found[key] for key in ("user", "password", "host", "port", "dbname") if found[key]}
    said = [(key, _decoded(value)) for key, value in raw.items()]
    for each in filter(None, (found["query"] or "").split("&")):
        key, equals, value = each.partition("=")
        if not equals or (not jdbc and "@" in value):
            raise Uncertain(_URL_RULE)
        if (known := _parameter(key, _decoded(value, plus=jdbc), jdbc=jdbc)) is not None:
            said.append(known)
            raw[f"query {key}"] = value
    return _parts(
        said, [raw.get(key, "") for key in ("user", "password", "query user", "query password")], _URL_RULE
    )


def _parameter(key: str, value: str, *, jdbc: bool) -> tuple[str, str] | None:
    """Return libpq's keyword and value for it; None if libpq has none and needs none."""
    name = _RENAMED.get(key.lower(), key)
    if name in _libpq():
        return name, value
    if name.lower() == "ssl":
        if value in _SSL_MODES:
            return "sslmode", value
        return (
            ("sslmode", "verify-full" if jdbc else "require") if value.lower() in ("true", "1", "") else None
        )
    if name.lower() in _OF_OTHERS:
        return None
    raise Uncertain(_PARAMETER_RULE)


def _keywords(text: str) -> Parts:
    said, at = [], 0
    stripped = text.rstrip()
    while at < len(stripped):
        found = _KEYWORD.match(stripped, at)
        if found is None or found[1] not in _libpq():
            raise Uncertain(_KEYWORD_RULE)
        value = found[2] if found[2] is not None else found[3] or ""
        said.append((found[1], re.sub(r"\\(.)", r"\1", value)))
        at = found.end()
    parts = _parts(said, (), _KEYWORD_RULE)
    try:
        theirs = conninfo.conninfo_to_dict(text)
    except psycopg.Error:
        raise Uncertain(_KEYWORD_RULE) from None
    if {key: str(value) for key, value in theirs.items() if value} != _whole(parts):
        raise Uncertain(_KEYWORD_RULE)
    return parts


def _parts(said: list[tuple[str, str]], raw: Iterable[str], rule: str) -> Parts:
    """Require each part once, and a possible host. Raises Uncertain."""
    options = {key: value for key, value in said if value}
    if len(options) != sum(bool(value) for _, value in said) or not options:
        raise Uncertain(rule)
    if not _HOSTS.fullmatch(options.get("host", "none")):
        raise Uncertain(rule)
    options["host"] = options.get("host", "").strip("[]")
    secret = (options.get("user", ""), options.get("password", ""), *raw)
    password = options.pop("password", "")
    return Parts(
        {key: value for key, value in options.items() if value}, password, tuple(filter(None, secret))
    )


def _whole(parts: Parts) -> dict[str, str]:
    return {**parts.options, **({"password": parts.password} if parts.password else {})}


def _decoded(text: str, *, plus: bool = False) -> str:
    try:
        return (unquote_plus if plus else unquote)(text, errors="strict")
    except UnicodeDecodeError:
        raise Uncertain(_URL_RULE) from None


def _libpq() -> frozenset[str]:
    """Return the keywords known to libpq."""
    return frozenset(option.keyword.decode() for option in pq.Conninfo.get_defaults())
