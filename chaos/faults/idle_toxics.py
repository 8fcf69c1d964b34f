"""The two ways in which a proxy can spoil connections without closing them at once, and what proves each.

`black_hole`: nothing passes, in neither direction, and nobody is told (Toxiproxy's `timeout` toxic; taking it
away closes the connections). `reset`: a connection is reset when its next byte arrives (`reset_peer`).
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Mapping
from typing import Literal, get_args

from chaos.toxiproxy import Stream, Toxiproxy

Kind = Literal["black_hole", "reset"]
Answer = Literal["answered", "silent", "reset", "refused"]

_TYPES: Mapping[Kind, str] = {"black_hole": "timeout", "reset": "reset_peer"}
_STREAMS: tuple[Stream, ...] = get_args(Stream)
# PostgreSQL answers it with one byte, before any login: https://www.postgresql.org/docs/current/protocol-flow.html
_SSL_REQUEST = struct.pack("!II", 8, 80877103)
_CONNECT_WITHIN = 2.0  # seconds


def names(mark: str) -> dict[str, Stream]:
    """The toxics' names, chosen beforehand, each with the stream it acts on."""
    return {f"midnight-{mark.replace('/', '-')}-{stream}": stream for stream in _STREAMS}


def add(server: Toxiproxy, proxy: str, kind: Kind, toxics: Mapping[str, Stream]) -> None:
    """Spoil every connection through the proxy, those there are and those to come. Raises ToxiproxyError."""
    for name, stream in toxics.items():
        server.add_toxic(proxy, name, _TYPES[kind], stream, {"timeout": 0})


def ask(address: str, patience: float) -> Answer:
    """What a new connection through the proxy gets from PostgreSQL behind it within `patience` seconds."""
    host, _, port = address.rpartition(":")
    end = time.monotonic() + patience
    try:
        with socket.create_connection((host, int(port)), timeout=_CONNECT_WITHIN) as connection:
            connection.sendall(_SSL_REQUEST)
            connection.settimeout(max(0.01, end - time.monotonic()))
            return "answered" if connection.recv(1) else "reset"
    except TimeoutError:
        return "silent"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "reset"
