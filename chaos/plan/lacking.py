"""What a target lacks, in words: handles that nothing in its file gives, and what to add there."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from chaos.spec.target import Target

_GROUPS = {
    "processes": "process",
    "containers": "container",
    "databases": "database",
    "proxies": "proxy",
    "volumes": "volume",
    "jobs": "job",
    "servers": "server of midnight's own as",
}
_SINGLE = {
    "base_url": "address",
    "logs": "logs",
    "replication": "standby",
}


def missing(needs: Iterable[str], offered: Collection[str]) -> list[str]:
    """Return the needs that the offered handles do not meet, sorted. A role of a database that is missing itself is
    left to that."""
    unmet = sorted(need for need in needs if not set(need.split("|")) & set(offered))
    return [need for need in unmet if need.rpartition(".")[0] not in unmet]


def why(needs: Iterable[str], target: Target) -> str:
    """`target 'mine' has no database 'primary' and no proxy 'database'`."""
    return f"target {target.name!r} has no {' and no '.join(map(words, needs))}"


def keys(needs: Iterable[str]) -> str:
    """The keys of a target's `options` that give these handles: `databases: primary, logs`."""
    return ", ".join(_key(need.partition("|")[0]) for need in needs)


def words(need: str) -> str:
    """`container 'api' or process 'api'`."""
    return " or ".join(_word(each) for each in need.split("|"))


def _word(handle: str) -> str:
    group, _, name = handle.partition(".")
    if not name:
        return _SINGLE.get(handle, handle)
    name, _, role = name.partition(".")
    if role:
        return f"role {role!r} of its {_GROUPS.get(group, group)} {name!r}"
    return f"{_GROUPS.get(group, group)} {name!r}"


def _key(handle: str) -> str:
    group, _, name = handle.partition(".")
    if not name:
        return group
    name, _, role = name.partition(".")
    return f"{group}: {name}: dsns: {role}" if role else f"{group}: {name}"
