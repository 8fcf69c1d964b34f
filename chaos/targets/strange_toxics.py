"""Toxics that another run of midnight has put on a proxy, or left there: what they do must not count as this one's."""

from __future__ import annotations

from collections.abc import Iterable

from chaos.errors import ControlError, NoVerdict
from chaos.plugin.handles import Proxy
from chaos.toxiproxy import Toxiproxy

OURS = "midnight-"
"""How the name of every toxic begins that a fault adds."""


def refuse(proxies: Iterable[Proxy]) -> None:
    """Raises NoVerdict for a proxy that bears a toxic of another run, with what takes it off.

    What earlier runs of this machine left has been undone when a run begins: it is another machine's. A server that
    does not answer is told by whoever needs it.
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
                    f"proxy {proxy.name!r} bears the toxic {toxic.name!r} ({toxic.type}) of another run; "
                    f"if that run is over, type: {remedy}"
                )
