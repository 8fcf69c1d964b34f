"""Variables that hold addresses, with what may be said of each: its name, the kind, the host and the port."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import psutil

from chaos.access import allowlist, dsn
from chaos.first_target.process import tree
from chaos.record import redact

DEFAULT_PORTS = {
    "postgresql": 5432,
    "mysql": 3306,
    "redis": 6379,
    "mongodb": 27017,
    "rabbitmq": 5672,
    "memcached": 11211,
    "kafka": 9092,
    "http": 80,
    "https": 443,
}
_SCHEMES = {
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "mysql": "mysql",
    "mysql2": "mysql",
    "mariadb": "mysql",
    "redis": "redis",
    "rediss": "redis",
    "mongodb": "mongodb",
    "amqp": "rabbitmq",
    "amqps": "rabbitmq",
    "memcached": "memcached",
    "memcache": "memcached",
    "kafka": "kafka",
    "http": "http",
    "https": "https",
}
_URL = re.compile(r"(?:jdbc:)?([a-z][a-z0-9]*)(?:\+[a-z0-9_]+)?://(.*)", re.I | re.S)
_REST = re.compile(
    r"(?:[^\s@/?#]*@)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?(?:[/?][^@#]*)?", re.S
)
_SETTING = r"[a-z_]+\s*=\s*(?:'(?:[^'\\]|\\.)*'|[^\s']+)"
_KEYWORDS = re.compile(rf"(?=.*\bdbname\s*=)\s*{_SETTING}(?:\s+{_SETTING})*\s*", re.S)
"""libpq's other form of a connection string, as Go services often have it."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}")
_SECRET_NAME = re.compile(r"pass|pwd|secret|token|key|credential|auth", re.I)
_PLACES = frozenset({"PWD", "OLDPWD"})  # of every shell: directories
_INSIDE = re.compile(r"(?s)(?<=://).*(?=@)|(?<=[?#]).*")  # of a URL: user and password, parameters


@dataclass(frozen=True, slots=True)
class Address:
    """An address in a variable. Without a host: it cannot be taken apart with certainty, so nothing of it is said."""

    variable: str
    kind: str
    host: str
    port: int
    value: str = field(repr=False)

    @property
    def at(self) -> str:
        return f"{self.host or 'this machine'}:{self.port}" if self.port else "an address that is not clear"

    @property
    def here(self) -> bool:
        """Whether it is this machine for certain: a name that only looks like its address is not."""
        if not self.port or "," in self.host:
            return False
        return self.host == "" or self.host.startswith("/") or not allowlist.is_foreign(self.host, ())


def of_process(process: psutil.Process) -> Mapping[str, str] | None:
    """Its environment; None if it may not be read."""
    for each in tree(process):  # a supervisor's own may hold less than its children's
        try:
            found = each.environ()
        except (psutil.Error, OSError):
            return None
        if found:
            return found
    return {}


def addresses(environment: Mapping[str, str]) -> Iterator[Address]:
    """Each address of a known kind. Every value that may be a secret is masked in all output from now on."""
    redact.known.learn(
        secret for name, value in environment.items() for secret in _secrets(name, value) if len(secret) >= 4
    )
    for name, value in sorted(environment.items()):
        if _NAME.fullmatch(name) and (found := _address(name, value)) is not None:
            yield found


def _secrets(name: str, value: str) -> list[str]:
    """What may be secret in a variable: of a URL its user, password and parameters, of others the whole."""
    if "://" in value:
        return [piece for found in _INSIDE.findall(value) for piece in (found, *re.split("[:&=]", found))]
    return [value] if _SECRET_NAME.search(name) and name not in _PLACES else []


def _address(name: str, value: str) -> Address | None:
    if _KEYWORDS.fullmatch(value):
        return _postgresql(name, value)
    matched = _URL.fullmatch(value.strip())
    kind = _SCHEMES.get(matched[1].lower()) if matched else None
    if matched is None or kind is None:
        return None
    if kind == "postgresql":
        return _postgresql(name, value)
    rest = _REST.fullmatch(matched[2])
    if rest is None:
        return Address(name, kind, "", 0, value)
    return Address(name, kind, rest[1].strip("[]"), int(rest[2] or DEFAULT_PORTS[kind]), value)


def _postgresql(name: str, value: str) -> Address:
    try:
        parts = dsn.parse(value)
    except dsn.Uncertain:
        return Address(name, "postgresql", "", 0, value)
    redact.known.learn(each for each in parts.secret if len(each) >= 4)
    port = parts.options.get("port", "5432")
    return Address(
        name, "postgresql", parts.options.get("host", ""), int(port) if port.isdigit() else 0, value
    )
