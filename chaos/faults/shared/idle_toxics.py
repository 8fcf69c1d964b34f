"""Two ways in which a proxy can break connections without closing them at once.

`black_hole`: nothing passes in either direction, silently (Toxiproxy's `timeout` toxic; removing it closes the
connections). `reset`: a connection is reset when its next byte arrives (`reset_peer`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from chaos.toxiproxy import Stream, Toxiproxy

Kind = Literal["black_hole", "reset"]

_TYPES: Mapping[Kind, str] = {"black_hole": "timeout", "reset": "reset_peer"}
_STREAMS: tuple[Stream, ...] = get_args(Stream)


def names(mark: str) -> dict[str, Stream]:
    """The toxics' names, chosen before the act, each with the stream it acts on."""
    return {f"midnight-{mark.replace('/', '-')}-{stream}": stream for stream in _STREAMS}


def add(server: Toxiproxy, proxy: str, kind: Kind, toxics: Mapping[str, Stream]) -> None:
    """Break every connection through the proxy, existing and new. Raises ToxiproxyError."""
    for name, stream in toxics.items():
        server.add_toxic(proxy, name, _TYPES[kind], stream, {"timeout": 0})
