"""The database server that a client program connects to, as its arguments and variables name it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from chaos.survey.programs import Program

POSTGRESQL, MYSQL = "postgresql", "mysql"
_PORTS = {POSTGRESQL: "5432", MYSQL: "3306"}
_VARIABLES = {POSTGRESQL: ("PGHOST", "PGPORT"), MYSQL: ("MYSQL_HOST", "MYSQL_TCP_PORT")}
_URI = re.compile(r"postgres(?:ql)?://")
_PAIR = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S*))")
_CONNINFO = re.compile(rf"(?:{_PAIR.pattern})+\s*")
_CONNECTS = ("host", "hostaddr", "port", "dbname", "user", "service")
_NOT_CONNECTING = (
    "-c",
    "--command",
    "-v",
    "--set",
    "--variable",
    "-P",
    "--pset",
    "-f",
    "--file",
    "-o",
    "--output",
)
_MAY_CONNECT = re.compile(r"\$\{?\w*(?:UR[LI]|DSN|CONN)\w*\}?", re.I)
_LOCAL = ("", "localhost", "127.0.0.1", "::1")


class _Unknown(Exception):
    """The arguments do not say which server it is."""


class _Named(NamedTuple):
    host: str = ""
    port: str = ""


def of(program: Program, kind: str) -> str:
    """`KIND HOST:PORT`; empty if the server is not known."""
    try:
        host, port = _named(program, kind)
    except (_Unknown, ValueError):
        return ""
    local = host in _LOCAL or host.startswith(("/", "@"))
    if "$" in host + port or "," in host or (local and program.elsewhere):
        return ""
    return f"{kind} {'localhost' if local else host.lower()}:{port if port.isdecimal() else _PORTS[kind]}"


def option(program: Program, short: str, long: str) -> str:
    """The value of an option; empty without one."""
    options = program.options
    for n, each in enumerate(options):
        following = options[n + 1] if n + 1 < len(options) else ""
        if each in (f"-{short}", f"--{long}"):
            return following
        if each.startswith(f"--{long}="):
            return each.partition("=")[2]
        if each.startswith(f"-{short}") and not each.startswith("--"):
            return each[2:]
    return ""


def _named(program: Program, kind: str) -> _Named:
    """A connection string precedes options, and these precede variables. Raises _Unknown and ValueError."""
    host, port = (program.settings.get(name, "") for name in _VARIABLES[kind])
    given = _Named(
        option(program, "h", "host") or host,
        option(program, "p" if kind == POSTGRESQL else "P", "port") or port,
    )
    if kind == POSTGRESQL:
        given = _of_postgresql(program, given)
    return _Named(program.filled(given.host), program.filled(given.port))


def _of_postgresql(program: Program, given: _Named) -> _Named:
    texts = list(_connecting(program))
    if not texts:
        if "PGSERVICE" in program.settings:
            raise _Unknown
        return given
    if _MAY_CONNECT.fullmatch(texts[0]):
        raise _Unknown
    about = _of_uri(texts[0]) if _URI.match(texts[0]) else _of_conninfo(texts[0])
    if about.get("service"):
        raise _Unknown
    host = about.get("host") or about.get("hostaddr")
    return _Named(host or given.host, about.get("port") or given.port)


def _connecting(program: Program) -> Iterator[str]:
    """The arguments that are connection strings, or variables that may hold one."""
    before = ""
    for each in program.options:
        text = re.sub(r"^(?:--dbname=|--maintenance-db=|-d(?=.))", "", each)
        text = program.filled(text)
        if before not in _NOT_CONNECTING and (
            _URI.match(text) or _MAY_CONNECT.fullmatch(text) or _is_conninfo(text)
        ):
            yield text
        before = each


def _is_conninfo(text: str) -> bool:
    return bool(_CONNINFO.fullmatch(text)) and any(name in _CONNECTS for name, _, _ in _PAIR.findall(text))


def _of_conninfo(text: str) -> Mapping[str, str]:
    return {name: quoted or bare for name, quoted, bare in _PAIR.findall(text)}


def _of_uri(uri: str) -> Mapping[str, str]:
    """Raises ValueError, and _Unknown for several hosts."""
    parts = urlsplit(uri)
    place = parts.netloc.rpartition("@")[2]
    if "," in place:
        raise _Unknown
    if "$" in place:
        raise _Unknown
    named = {"host": unquote(parts.hostname or ""), "port": str(parts.port or "")}
    return {**named, **dict(parse_qsl(parts.query))}
