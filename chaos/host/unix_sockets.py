"""Unix stream sockets of this machine: listeners by name, accepted connections, and queued data."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from chaos.host import sockets
from chaos.host.sockets import ESTABLISHED, LISTEN

_REQUEST = struct.Struct("=BBHIIIII")  # struct unix_diag_req
_MESSAGE = struct.Struct("=BBBBIII")  # struct unix_diag_msg
_NAME, _PEER, _LENGTHS = 0, 2, 4  # attributes
_SHOWN = 1 << _NAME | 1 << _PEER | 1 << _LENGTHS


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """One end of a connection, or a listener."""

    inode: int
    listens: bool
    name: bytes  # of the listener itself, or the one that accepted it; empty on the connecting end
    peer: int  # the inode of the other end; 0: none
    waiting: int  # bytes not read yet; for a listener, connections not accepted yet


def table() -> list[UnixSocket]:
    """Raises sockets.Unreadable."""
    states = 1 << ESTABLISHED | 1 << LISTEN
    request = _REQUEST.pack(socket.AF_UNIX, 0, 0, states, 0, _SHOWN, 0xFFFFFFFF, 0xFFFFFFFF)
    with sockets.opened() as netlink:
        return [_socket(body) for body in sockets.dump(netlink, request) if body[1] == socket.SOCK_STREAM]


def _socket(body: memoryview) -> UnixSocket:
    state, inode = _MESSAGE.unpack_from(body)[2], _MESSAGE.unpack_from(body)[4]
    rest = body[_MESSAGE.size :]
    peer, lengths = sockets.attribute(rest, _PEER), sockets.attribute(rest, _LENGTHS)
    return UnixSocket(
        inode=inode,
        listens=state == LISTEN,
        name=bytes(sockets.attribute(rest, _NAME)),
        peer=struct.unpack("=I", peer[:4])[0] if peer else 0,
        waiting=struct.unpack("=I", lengths[:4])[0] if lengths else 0,
    )
