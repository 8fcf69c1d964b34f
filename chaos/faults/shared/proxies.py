"""Undo and verify what faults do to a proxy. If the proxy or its server is gone, there is nothing to undo."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from chaos.engine import refs
from chaos.engine.client import connected
from chaos.errors import ControlError, FaultError, TargetGone, ToolMissing, UndoError
from chaos.later import requests
from chaos.plugin.fault import Evidence, Fault, Undo
from chaos.plugin.handles import Handles, Proxy
from chaos.plugin.probe import Probe, no, yes
from chaos.record.inventory.document import PROXIES
from chaos.toxiproxy import Toxiproxy

# seconds that a container's server may take after it was started or reconnected
ANSWERS_WITHIN = 2.0
_POLL = 0.2

# by run, server and name: what the proxy was before the first step that disables it, and the marks of those steps
_FOUND: dict[tuple[str, str, str], tuple[bool, set[str]]] = {}
_CLAIMING = threading.Lock()


class OnProxies(Fault):
    """A fault that changes proxies alone."""

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset({PROXIES})


def known(handles: Handles, proxy: Proxy) -> dict[str, Any]:
    """The proxy as recorded in an undo, with its server's container if there is one."""
    told: dict[str, Any] = {"api": proxy.api, "proxy": proxy.name}
    server = handles.container("proxy")
    return told if server is None else told | {"server": refs.to_json(server)}


def lets_pass(proxy: Proxy) -> Probe:
    """Probe whether the server has this proxy and it is enabled."""
    what, at = f"proxy {proxy.name!r} lets connections pass", f"{proxy.api}/proxies"
    try:
        now = Toxiproxy(proxy.api).proxies().get(proxy.name)
    except ControlError as error:
        return no(what, str(error), "start Toxiproxy or correct the address of its API")
    if now is None:
        made = f'{{"name": "{proxy.name}", "listen": "{proxy.listen}", "upstream": "{proxy.upstream}"}}'
        return no(
            what, f"Toxiproxy at {proxy.api} has no proxy of that name", f"curl -X POST {at} -d '{made}'"
        )
    if not now.enabled:
        return no(what, "it is disabled", f"curl -X POST {at}/{proxy.name} -d '{{\"enabled\": true}}'")
    return yes(what)


def to_be_disabled(known: Mapping[str, Any], mark: str) -> dict[str, Any]:
    """Record for `enable` whether a proxy that a step will disable is enabled now.

    If several steps of a run overlap, the first one's finding counts for all.
    Raises TargetGone when the server is down or has no such proxy, FaultError when it cannot be read.
    """
    api, name = known["api"], known["proxy"]
    try:
        now = Toxiproxy(api).proxies().get(name)
    except ControlError as error:
        down = isinstance(error.__cause__, requests.ConnectionError)
        raise (TargetGone if down else FaultError)(f"proxy {name!r}: {error}") from error
    if now is None:
        raise TargetGone(f"Toxiproxy at {api} no longer has a proxy {name!r}")
    with _CLAIMING:
        enabled, marks = _FOUND.setdefault(_place(known, mark), (now.enabled, set()))
        marks.add(mark)
    return {**known, "mark": mark, "enabled": enabled}


def enable(undo: Undo) -> Evidence:
    """Enable the proxy that `undo` names and verify it; one found disabled stays disabled. Raises UndoError."""
    api, name = undo["api"], undo["proxy"]
    server = Toxiproxy(api)
    if not undo.get("enabled", True):
        _release(undo)
        return {"proxy": name, "left": "disabled, as it was found"}

    def enabled() -> Evidence:
        if name not in server.proxies():
            return {"proxy": name, "proxy_is": "gone"}
        server.enable(name)
        if not server.proxy(name).enabled:
            raise ControlError("it still reports that it is disabled")
        return {"proxy": name, "enabled": True}

    by_hand = f"curl -X POST {api}/proxies/{name} -d '{{\"enabled\": true}}'"
    done = _undone(enabled, undo, f"proxy {name!r} could not be enabled", by_hand)
    _release(undo)
    return done


def _release(undo: Undo) -> None:
    place = _place(undo, undo.get("mark", ""))
    with _CLAIMING:
        _, marks = _FOUND.get(place, (True, set[str]()))
        marks.discard(undo.get("mark", ""))
        if not marks:
            _FOUND.pop(place, None)


def _place(known: Mapping[str, Any], mark: str) -> tuple[str, str, str]:
    return mark.partition("/")[0], known["api"], known["proxy"]


def remove_toxics(undo: Undo, toxics: Collection[str]) -> Evidence:
    """Remove these toxics from the proxy that `undo` names and verify it. Raises UndoError."""
    api, name = undo["api"], undo["proxy"]
    server = Toxiproxy(api)

    def there() -> list[str]:
        return [toxic.name for toxic in server.proxy(name).toxics if toxic.name in toxics]

    def removed() -> Evidence:
        if name not in server.proxies():
            return {"proxy": name, "proxy_is": "gone"}
        found = there()
        for toxic in found:
            server.remove_toxic(name, toxic)
        if left := there():
            raise ControlError(f"still there: {', '.join(left)}")
        return {"proxy": name, "toxics_removed": found}

    by_hand = "; ".join(f"curl -X DELETE {api}/proxies/{name}/toxics/{toxic}" for toxic in toxics)
    return _undone(removed, undo, f"toxics of proxy {name!r} could not be removed", by_hand)


def in_place(proxy: Proxy, toxics: Collection[str]) -> float:
    """Count the toxics that the server still reports; 0 if it does not answer."""
    try:
        found = Toxiproxy(proxy.api).proxy(proxy.name).toxics
    except ControlError:
        return 0.0
    return float(sum(toxic.name in toxics for toxic in found))


def _undone(act: Callable[[], Evidence], undo: Undo, failure: str, by_hand: str) -> Evidence:
    """Return the result of `act`, or that the server is gone and its settings with it."""
    end = time.monotonic() + ANSWERS_WITHIN
    while True:
        try:
            return act()
        except ControlError as error:
            unreached = isinstance(error.__cause__, requests.ConnectionError)
            try:
                if unreached and _gone(undo, error):
                    return {"proxy": undo["proxy"], "server": "gone"}
            except (ControlError, ToolMissing) as unknown:
                raise UndoError(f"{failure}: {error}; {unknown}; by hand: {by_hand}") from error
            if not unreached or "server" not in undo or time.monotonic() > end:
                raise UndoError(f"{failure}: {error}; by hand: {by_hand}") from error
        time.sleep(_POLL)


def _gone(undo: Undo, error: BaseException) -> bool:
    """True if an unreachable server has ended and is not just cut off. Raises ControlError, ToolMissing."""
    if "server" not in undo:
        return _refused(error)
    ref = refs.from_json(undo["server"])
    with connected(ref.engine) as client:
        found = refs.container_of(client, ref)
        return found is None or not refs.lives(found)


def _refused(error: BaseException) -> bool:
    """True if the port refuses connections: an unanswered connection may lead to a live server."""
    deepest: BaseException | None = error
    while deepest is not None and not isinstance(deepest, ConnectionRefusedError):
        deepest = deepest.__cause__ or deepest.__context__
    return deepest is not None
