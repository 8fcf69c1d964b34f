"""More connections than the database permits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chaos.audit.connections import Client, Connections, Pooler, Server
from chaos.audit.environment import env_files
from chaos.audit.estate import Estate
from chaos.audit.item import Item
from chaos.audit.rule import Found, Rule, Severity
from chaos.audit.together import together

_SHOWN = 3


def check(estate: Estate) -> Iterator[Found]:
    for service in estate.services:
        for file in env_files(service.pod):
            if file.values is None:
                unknown = (
                    f"connections unknown: env_file {file.name[:80]} of {service.shown} is not in these files"
                )
                yield Found(service.item, file.node, unknown, is_note=True)
    for workloads in together(estate):
        of = Connections(estate, workloads)
        if of.clients or of.poolers:
            yield from _of_group(of)


def _of_group(of: Connections) -> Iterator[Found]:
    """What is known may be too much already, whatever the unknown clients add."""
    known = [each for each in of.clients if not each.missing]
    if missing := _missing(of):
        item = (of.clients or of.poolers)[0].workload.item
        yield Found(item, item.node, f"connections unknown: {missing} is not in these files", is_note=True)
    direct = known
    for pooler in of.poolers:
        pooled = [each for each in of.through(pooler) if each in known]
        direct = [each for each in direct if each not in pooled]
        yield from _of_pooler(pooler, pooled)
    if len(of.databases) == 1:
        yield from _of_database(of.databases[0], direct, of.poolers)


def _missing(of: Connections) -> str:
    if len(of.databases) > 1:
        names = list(dict.fromkeys(each.name for each in of.databases))
        return f"which database ({', '.join(names[:3])}) each workload uses"
    if of.databases[0].most is None:
        return f"max_connections of {of.databases[0].name}"
    return next((each.missing for each in of.clients if each.missing), "")


def _of_pooler(pooler: Pooler, clients: Sequence[Client]) -> Iterator[Found]:
    permitted, needed = pooler.replicas * pooler.clients, sum(each.connections for each in clients)
    if needed > permitted:
        item = pooler.workload.item
        because = (
            f"{_sum(clients)}: {needed:g} connections, and {pooler.name} takes {pooler.replicas:g} x "
            f"{pooler.clients:g} = {permitted:g} (MAX_CLIENT_CONN)"
        )
        yield Found(item, item.node, because)


def _of_database(database: Server, clients: Sequence[Client], poolers: Sequence[Pooler]) -> Iterator[Found]:
    if database.most is None:
        return
    pooled = [(each, each.replicas * each.servers) for each in poolers]
    needed = sum(each.connections for each in clients) + sum(number for _, number in pooled)
    permitted = database.most - database.reserved
    if needed > permitted:
        parts = [f"{each.name} {each.replicas:g} x {each.servers:g} = {n:g}" for each, n in pooled]
        shown = " + ".join([*parts, *([_sum(clients)] if clients else [])])
        item = _blamed(database, clients, poolers)
        because = (
            f"{shown}: {needed:g} connections, and {database.name} permits "
            f"{database.most:g} - {database.reserved:g} = {permitted:g}"
        )
        yield Found(item, item.node, because)


def _blamed(database: Server, clients: Sequence[Client], poolers: Sequence[Pooler]) -> Item:
    if database.workload is not None:
        return database.workload.item
    if clients:
        return max(clients, key=lambda each: each.connections).workload.item
    return poolers[0].workload.item


def _sum(clients: Sequence[Client]) -> str:
    ordered = sorted(clients, key=lambda each: -each.connections)
    more = ordered[_SHOWN:]
    rest = f" + {len(more)} more = {sum(each.connections for each in more):g}" if more else ""
    return " + ".join(each.shown for each in ordered[:_SHOWN]) + rest


RULE = Rule(
    id="connections",
    severity=Severity.ERROR,
    what=(
        "replicas (an HPA: maxReplicas) x workers x (pool size + overflow), with the jobs' pools, above "
        "max_connections less the reserved ones; pgbouncer in between counts by MAX_CLIENT_CONN and "
        "DEFAULT_POOL_SIZE"
    ),
    why=(
        "under load all pools fill at once, and the database refuses the rest, health checks "
        "and the person on call included"
    ),
    fix="smaller pools, fewer replicas, more max_connections, or pgbouncer in between",
    check=check,
)
