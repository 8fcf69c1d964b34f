"""Find the setting of a service that leads past a proxy: a variable of its process, or its command line.

Variables may hold secrets: of a value, only hosts and ports are ever shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import psutil

from chaos.host import mentions, owners
from chaos.path.networks import resolved
from chaos.plugin.handles import ProcessRef
from chaos.plugin.kinds import USUAL_PORTS, Kind

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PORT = re.compile(r"(?i)\bport\s*=\s*'?(\d{1,5})\b")
_KEYWORD = re.compile(r"(?i)\bhost(?:addr)?\s*=")
_URL = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)(?:[^/?#]*@)?[^/?#@]*(.?)")


def to_change(processes: Iterable[ProcessRef], kind: Kind, upstream: str, listen: str) -> list[str]:
    """Lines that say what to set so that the processes connect to `listen` instead of `upstream` (HOST:PORT each);
    empty if no setting that this user may read names it."""
    found: dict[str, None] = {}
    for pid in sorted(owners.family(each.pid for each in processes)):
        try:
            process = psutil.Process(pid)
            variables, words = process.environ(), process.cmdline()
        except (psutil.Error, OSError):
            continue
        found |= dict.fromkeys(of_variables(variables, kind, upstream, listen))
        if any(_leads(each, kind, upstream) for each in mentions.of_words(words)):
            found[f"the command line of process {pid} ({process.name()}): {listen} instead of {upstream}"] = (
                None
            )
    return list(found)


def of_variables(variables: Mapping[str, str], kind: Kind, upstream: str, listen: str) -> Iterator[str]:
    """The variables that lead to `upstream`, as they have to be."""
    host, _, port = listen.rpartition(":")
    for (named, given), variable in mentions.of_variables(variables):
        value = variables[variable]
        keyword = _PORT.search(value) if given is None else None
        if not _leads((named, int(keyword[1]) if keyword else given), kind, upstream):
            continue
        if value != named:
            yield f"{variable}={_shown(value, listen)}"
            continue
        beside = mentions.beside(variable)
        if beside not in variables:
            yield f"{variable}={host}, and port {port} wherever the port is set"
        elif _same(named, host):
            yield f"{beside}={port}"
        else:
            yield f"{variable}={host} and {beside}={port}"


def _shown(value: str, listen: str) -> str:
    """The value with nothing of it but its scheme, and where it must lead."""
    url = _URL.match(value)
    if url is None:
        host, _, port = listen.rpartition(":")
        if _KEYWORD.search(value):
            return f"...host={host} port={port}..."
        return listen if re.fullmatch(r"[\w.-]+:\d+", value) else f"...{listen}..."
    login = "...@" if "@" in value else ""
    return f"{url[1]}{login}{listen}{f'{url[2]}...' if url[2] else ''}"


def _leads(address: mentions.Address, kind: Kind, upstream: str) -> bool:
    host, _, port = upstream.rpartition(":")
    named, given = address
    if given is None:  # perhaps not even a host: its name is not looked up
        return USUAL_PORTS.get(int(port)) == kind and _same(named, host.strip("[]"))
    return given == int(port) and (_same(named, host) or bool(resolved(named) & resolved(host.strip("[]"))))


def _same(one: str, other: str) -> bool:
    return one == other or {one, other} <= _LOOPBACK
