"""Toxics that another run of midnight put on a proxy or left there: their effects must not count as this run's."""

from __future__ import annotations

from collections.abc import Iterable

from chaos.errors import ControlError, NoVerdict
from chaos.plugin.handles import Proxy
from chaos.toxiproxy import Toxiproxy

OURS = "midnight-"
"""Name prefix of every toxic that a fault adds."""


def refuse(proxies: Iterable[Proxy]) -> None:
    """Raises NoVerdict, with the remedy, for a proxy with a toxic of another run.

    Leftovers of this machine's earlier runs are already undone when a run begins, so it is another machine's. A
    server that does not answer is reported by its users.
    """
    for proxy in proxies:
        try:
            found = Toxiproxy(proxy.api).proxy(proxy.name).toxics
        except ControlError:
            continue
        for toxic in found:
            if toxic.name.startswith(OURS):
                remedy = f"curl -X DELETE {proxy.api}/proxies/{proxy.name}/toxics/{toxic.name}"
                raise NoVerdict(
                    f"proxy {proxy.name!r} has the toxic {toxic.name!r} ({toxic.type}) of another run; "
                    f"if that run is over, type: {remedy}"
                )
