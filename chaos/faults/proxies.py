"""What faults do to a proxy, undone and verified. A proxy or server that is gone has nothing to undo."""

from __future__ import annotations

from collections.abc import Callable, Collection

import requests

from chaos.errors import ControlError, RestoreError
from chaos.fault import Evidence
from chaos.handles import Proxy
from chaos.toxiproxy import Toxiproxy


def enable(api: str, name: str) -> Evidence:
    """Enable the proxy and see that it is. Raises RestoreError."""
    server = Toxiproxy(api)

    def undo() -> Evidence:
        if name not in server.proxies():
            return {"proxy": name, "proxy_is": "gone"}
        server.enable(name)
        if not server.proxy(name).enabled:
            raise ControlError("it still says that it is disabled")
        return {"proxy": name, "enabled": True}

    by_hand = f"curl -X POST {api}/proxies/{name} -d '{{\"enabled\": true}}'"
    return _undone(undo, name, f"proxy {name!r} could not be enabled", by_hand)


def remove_toxics(api: str, name: str, toxics: Collection[str]) -> Evidence:
    """Take these toxics off the proxy and see that they are gone. Raises RestoreError."""
    server = Toxiproxy(api)

    def there() -> list[str]:
        return [toxic.name for toxic in server.proxy(name).toxics if toxic.name in toxics]

    def undo() -> Evidence:
        if name not in server.proxies():
            return {"proxy": name, "proxy_is": "gone"}
        removed = there()
        for toxic in removed:
            server.remove_toxic(name, toxic)
        if left := there():
            raise ControlError(f"still there: {', '.join(left)}")
        return {"proxy": name, "toxics_removed": removed}

    by_hand = "; ".join(f"curl -X DELETE {api}/proxies/{name}/toxics/{toxic}" for toxic in toxics)
    return _undone(undo, name, f"toxics of proxy {name!r} could not be removed", by_hand)


def in_place(proxy: Proxy, toxics: Collection[str]) -> float:
    """How many of the toxics the server says there are; 0 when it does not answer."""
    try:
        found = Toxiproxy(proxy.api).proxy(proxy.name).toxics
    except ControlError:
        return 0.0
    return float(sum(toxic.name in toxics for toxic in found))


def _undone(undo: Callable[[], Evidence], name: str, failure: str, by_hand: str) -> Evidence:
    try:
        return undo()
    except ControlError as error:
        if isinstance(error.__cause__, requests.ConnectionError):
            return {"proxy": name, "server": "gone"}
        raise RestoreError(f"{failure}: {error}; by hand: {by_hand}") from error
