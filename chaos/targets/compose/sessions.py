"""Sort a store's sessions into those through the proxy and those that bypass it.

Sockets are read in the networks of the store and of the proxy, so it works for any TCP service, without a login, and
sends nothing. A session counts if it lasts, or if there is nearly always one: a health check or a job that holds one
briefly does not count.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from chaos import engine
from chaos.engine import projects
from chaos.engine.projects import Found, Owner
from chaos.host import sockets
from chaos.path.sight import Inside
from chaos.plugin.handles import ContainerRef, EngineAt
from chaos.targets.compose.stores import Store

WATCHED = 1.5  # seconds
PATIENCE = 8.0  # seconds for a bypassing job to end
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_LOOK = 0.15  # seconds between polls: sockets emit no event to await

Session = tuple[int, str]
"""A socket, by its unique number, and the address of its peer."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Counts of lasting sessions: by container through the proxy, by container bypassing it, and by address outside
    this engine (this machine, or one beyond a published port).
    """

    through: Mapping[str, int] = field(default_factory=dict)  # by the id of the container
    past: Mapping[str, int] = field(default_factory=dict)
    outside: Mapping[str, int] = field(default_factory=dict)
    owners: Mapping[str, Owner] = field(default_factory=dict)  # by the id of the container


def lasting(looks: Sequence[tuple[float, Sequence[Session]]]) -> Counter[str]:
    """Sessions per address: those present nearly all of the time, or at least one if nearly every poll shows one."""
    if not looks:
        return Counter()
    length = looks[-1][0] - looks[0][0]
    first: dict[Session, float] = {}
    last: dict[Session, float] = {}
    seen: Counter[str] = Counter()
    for at, there in looks:
        seen.update({remote for _, remote in there})
        for session in there:
            first.setdefault(session, at)
            last[session] = at
    found = Counter(session[1] for session, at in first.items() if last[session] - at >= 0.8 * length)
    often = {remote: 1 for remote, times in seen.items() if times >= 0.8 * len(looks) and remote not in found}
    found.update(often)
    return found


def look(
    at: EngineAt,
    store: Store,
    proxy: Found | None,
    listen: int,
    may: Callable[[Owner], bool],
    patience: float = PATIENCE,
    clients: Sequence[Found] = (),
) -> Sessions:
    """Watch until no service bypasses the proxy without permission, for at most `patience` seconds. Raises Unseen,
    ControlError.

    `may`: services that may bypass it. `clients`: if the store is outside the project, those whose own ends are
    watched.
    """
    watched = [each for each in (*store.containers, *clients) if each.runs]
    behind: list[tuple[float, list[Session]]] = []
    before: list[tuple[float, list[Session]]] = []
    with _views([each.ref(at) for each in (*watched, *([proxy] if proxy is not None else []))]) as views:
        end = time.monotonic() + patience
        while True:
            now = time.monotonic()
            through, upstream = _of_proxy(views[-1], store, listen) if proxy is not None else ([], set())
            before.append((now, through))
            behind.append((now, _of_stores(zip(watched, views, strict=False), store, proxy, upstream)))
            if now - behind[0][0] >= WATCHED:
                found = _told(at, store, proxy, lasting(behind), lasting(before))
                if all(may(found.owners[each]) for each in found.past):
                    return found
                if now >= end:
                    return _alive(at, store, found)
                behind, before = behind[1:], before[1:]
            time.sleep(_LOOK)


@contextmanager
def _views(containers: Sequence[ContainerRef]) -> Iterator[list[Inside]]:
    """Views into the networks of these, all created at once."""
    mark = f"look-{secrets.token_hex(6)}"
    made: list[Inside] = []
    with ThreadPoolExecutor(max(1, len(containers))) as pool:
        futures = [pool.submit(Inside, each, f"{mark}/{number}") for number, each in enumerate(containers)]
    try:
        made += [future.result() for future in futures if future.exception() is None]
        for future in futures:
            future.result()
        yield made
    finally:
        with ThreadPoolExecutor(max(1, len(made))) as pool:
            list(pool.map(Inside.close, made))


def _of_proxy(view: Inside, store: Store, listen: int) -> tuple[list[Session], set[str]]:
    """The proxy's clients, and the addresses that it leads to."""
    there = [each for each in view.look([listen, store.port]) if each.state == sockets.ESTABLISHED]
    leads = {each.remote for each in there if each.remote_port == store.port and each.local_port != listen}
    return [(each.cookie, each.remote) for each in there if each.local_port == listen], leads


def _of_stores(
    watched: Iterable[tuple[Found, Inside]], store: Store, proxy: Found | None, upstream: set[str]
) -> list[Session]:
    """The sessions of the store as seen at its own end; for one outside the project, at its clients' ends, each by an
    address of the client.
    """
    found: list[Session] = []
    for container, view in watched:
        there = [each for each in view.look([store.port]) if each.state == sockets.ESTABLISHED]
        if store.containers:
            found += [(each.cookie, each.remote) for each in there if each.local_port == store.port]
            continue
        own = {at for given in container.addresses.values() for at in given}
        theirs = {at for given in proxy.addresses.values() for at in given} if proxy is not None else set()
        found += [
            (each.cookie, min(own))
            for each in there
            if each.remote_port == store.port
            and own
            and each.remote not in theirs | own | _LOOPBACK
            and (not upstream or each.remote in upstream)
        ]
    return found


def _told(
    at: EngineAt, store: Store, proxy: Found | None, behind: Mapping[str, int], before: Mapping[str, int]
) -> Sessions:
    with engine.connected(at) as client:
        owners = projects.owners(client)
    own = store.addresses | _LOOPBACK
    past: Counter[str] = Counter()
    outside: Counter[str] = Counter()
    for remote, count in behind.items():
        owner = owners.get(remote)
        if owner is None:
            outside.update({} if remote in own else {remote: count})
        elif not owner.ours and owner.id not in _ids(store, proxy):
            past[owner.id] += count
    through: Counter[str] = Counter()
    for remote, count in before.items():
        if (owner := owners.get(remote)) is not None and not owner.ours:
            through[owner.id] += count
    return Sessions(through, past, outside, {each.id: each for each in owners.values()})


def _alive(at: EngineAt, store: Store, found: Sessions) -> Sessions:
    """Drop sessions of removed containers whose addresses were reassigned: a server notices that late. A bypassing
    client is confirmed at its own end.
    """
    if not store.containers:  # it was seen there
        return found
    suspects = [ContainerRef(at, each, found.owners[each].container) for each in found.past]
    there: set[str] = set()
    with _views(suspects) as views:
        end = time.monotonic() + WATCHED
        while len(there) < len(suspects) and time.monotonic() < end:
            there |= {
                ref.id
                for ref, view in zip(suspects, views, strict=True)
                if ref.id not in there and _is_connected(view, store)
            }
            time.sleep(_LOOK)
    return replace(found, past={id: count for id, count in found.past.items() if id in there})


def _is_connected(view: Inside, store: Store) -> bool:
    there = view.look([store.port])
    return any(
        each.remote in store.addresses
        and each.remote_port == store.port
        and each.state == sockets.ESTABLISHED
        for each in there
    )


def _ids(store: Store, proxy: Found | None) -> Iterable[str]:
    return [*(each.id for each in store.containers), *([proxy.id] if proxy is not None else [])]
