"""Find the hosts named in a service's settings: in URLs, connection strings of every kind, HOST:PORT and plain words.

Settings contain secrets: only hosts, ports and names of variables are returned, never a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

Address = tuple[str, int | None]
"""Host, and port if given."""

_HOST = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#\s\"']*)")
_AFTER_LOGIN = re.compile(
    rf"@(?:tcp|tcp4|tcp6)?\(?({_HOST}(?::\d{{1,5}})?)\)?(?=[/?\s\"']|$)"
)  # user:word@tcp(host:3306)
_KEYWORD = re.compile(
    rf"(?i)(?<![A-Za-z])(?:host|hostname|hostaddr|server|address|addr|data source)\s*=\s*(?:tcp:)?['\"]?({_HOST})"
)
_OPTION = re.compile(rf"(?:^|\s)(?:-h|--?[\w-]*host(?:name)?)[= ]\s*['\"]?({_HOST})(?::(\d{{1,5}}))?")
_PAIR = re.compile(rf"(?<![\w.@/-])({_HOST}):(\d{{1,5}})(?![\d.\w])")
_WHOLE = re.compile(rf"{_HOST}\Z")
_DEFAULT = re.compile(r"\$\{\w+:?-([^}]*)\}")  # in a Compose file: the default if the variable is not set
# A plain word in these names something else, often identical to the database's host name.
_NO_HOST = re.compile(
    r"(?i)(?:^|_)(?:db|database|dbname|name|user|username|password|pass|schema|driver|type|engine|mode)$"
)


def hosts_in(text: str) -> set[Address]:
    """Every host in a setting, as far as it can be distinguished from other words."""
    text = _DEFAULT.sub(r"\1", text)
    found: set[Address] = set()
    for authority in _URL.findall(text):
        # a password may hold an unquoted @
        found |= {_split(each) for each in authority.rpartition("@")[2].split(",") if each}
    rest = _URL.sub(" ", text)
    found |= {_split(each) for each in _AFTER_LOGIN.findall(rest)}
    found |= {(host, None) for host in _KEYWORD.findall(text)}
    found |= {(host, int(port) if port else None) for host, port in _OPTION.findall(rest)}
    return found | {(host, int(port)) for host, port in _PAIR.findall(rest)}


def of_variables(variables: Mapping[str, str]) -> Iterator[tuple[Address, str]]:
    """Each host in a variable, with the variable's name; the port may be in a variable of its own."""
    for name, value in variables.items():
        for host, port in hosts_in(value):
            yield (host, port), name
        plain = _DEFAULT.sub(r"\1", value)
        if _WHOLE.match(plain) and not plain.isdigit() and not _NO_HOST.search(name):
            yield (plain, _port_beside(name, variables)), name


def of_words(words: Sequence[str]) -> set[Address]:
    """Of a command line, or of several."""
    return hosts_in(" ".join(words))


def beside(name: str) -> str:
    """DB_PORT for DB_HOST."""
    stem = re.sub(r"(?i)(?:hostname|host|server|address|addr)$", "", name)
    return stem + ("port" if name.islower() else "PORT")


def _port_beside(name: str, variables: Mapping[str, str]) -> int | None:
    port = variables.get(beside(name), "")
    return int(port) if port.isdigit() else None


def _split(text: str) -> Address:
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.lstrip(":")
    else:
        host, _, port = text.partition(":")
    return host, int(port) if port.isdigit() else None
