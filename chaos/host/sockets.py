"""TCP sockets of one network namespace with the kernel's statistics for each, from sock_diag(7).

Also a program for a sidecar inside a container's network namespace: for each line on standard input, a JSON list of
ports, it prints one JSON line, the sockets on these ports. It ends when its standard input ends.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import astuple, dataclass

ESTABLISHED, SYN_SENT, SYN_RECEIVED, FIN_WAIT_1, FIN_WAIT_2 = 1, 2, 3, 4, 5
TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN, CLOSING = 6, 7, 8, 9, 10, 11

_SOCK_DIAG, _BY_FAMILY = 4, 20  # the netlink family, and its request
_ROOT_AND_REQUEST = 0x301
_DONE, _ERROR = 3, 2
_INFO = 2  # the attribute that holds struct tcp_info
_STATES = 0xFFF & ~(1 << TIME_WAIT) & ~(1 << CLOSE)
_HEADER = struct.Struct("=IHHII")
_MESSAGE = struct.Struct("=BBBBHH16s16sIIIIIIII")  # struct inet_diag_msg; the ports are big-endian
_AGO = struct.Struct("=III")  # at 44: last_data_sent, last_ack_sent, last_data_recv
_RECEIVED, _SENT = 128, 200  # bytes_received; bytes_sent and bytes_retrans (Linux 4.19)
_ENDED_THERE = (CLOSE_WAIT, LAST_ACK, CLOSING)  # the kernel counts the other end's FIN as a byte
_MAPPED = b"\0" * 10 + b"\xff\xff"


class Unreadable(Exception):
    """The kernel does not provide these statistics."""


@dataclass(frozen=True, slots=True)
class Socket:
    """One TCP socket. `cookie` is never reused; a byte counter is -1 if the kernel has none."""

    cookie: int
    state: int
    local: str
    local_port: int
    remote: str
    remote_port: int
    inode: int  # 0: no longer owned by a process
    uid: int  # the user that opened it
    waiting: int  # bytes received but not read yet; for a listener, connections not accepted yet
    sent: int  # bytes, since it was opened
    received: int  # bytes, since it was opened
    sent_at: float  # of the last data, seconds of the monotonic clock
    received_at: float
    at: float  # when it was read


def table(ports: Collection[int] = ()) -> list[Socket]:
    """Every TCP socket of this process's network namespace, except those in TIME_WAIT; with `ports`, only those with
    one of them at either end. Raises Unreadable.
    """
    wanted = frozenset(ports)
    with opened() as netlink:
        found = []
        for family in (socket.AF_INET, socket.AF_INET6):
            now = time.monotonic()
            found += [made for body in _dump(netlink, family) if (made := _socket(body, wanted, now))]
        return found


def opened() -> socket.socket:
    """A socket for sock_diag requests."""
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG)
    netlink.settimeout(5.0)
    return netlink


def _dump(netlink: socket.socket, family: int) -> Iterator[memoryview]:
    return dump(netlink, struct.pack("=BBBBI48x", family, socket.IPPROTO_TCP, 1 << (_INFO - 1), 0, _STATES))


def dump(netlink: socket.socket, request: bytes) -> Iterator[memoryview]:
    """The kernel's answers to one request of sock_diag. Raises Unreadable."""
    try:
        netlink.send(_HEADER.pack(_HEADER.size + len(request), _BY_FAMILY, _ROOT_AND_REQUEST, 1, 0) + request)
        while True:
            data = memoryview(netlink.recv(1 << 18))
            while data:
                length, kind, _, _, _ = _HEADER.unpack_from(data)
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    number = -struct.unpack_from("=i", data, _HEADER.size)[0]
                    raise Unreadable(f"sock_diag: error {number}")
                yield data[_HEADER.size : length]
                data = data[(length + 3) & ~3 :]
    except OSError as error:
        raise Unreadable(f"sock_diag: {error}") from error


def _socket(body: memoryview, ports: frozenset[int], now: float) -> Socket | None:
    fields = _MESSAGE.unpack_from(body)
    family, state, local_port, remote_port = fields[0], fields[1], *map(socket.ntohs, fields[4:6])
    if ports and local_port not in ports and remote_port not in ports:
        return None
    info = attribute(body[_MESSAGE.size :], _INFO)
    sent_ago, _, received_ago = _AGO.unpack_from(info, 44) if len(info) >= 56 else (0, 0, 0)
    return Socket(
        cookie=fields[9] | fields[10] << 32,
        state=state,
        local=_address(family, fields[6]),
        local_port=local_port,
        remote=_address(family, fields[7]),
        remote_port=remote_port,
        inode=fields[15],
        uid=fields[14],
        waiting=fields[12],
        sent=_sent(info),
        received=_received(info, state),
        sent_at=now - sent_ago / 1000,
        received_at=now - received_ago / 1000,
        at=now,
    )


def _sent(info: memoryview) -> int:
    if len(info) < _SENT + 16:
        return -1
    sent, again = struct.unpack_from("=QQ", info, _SENT)
    return int(sent - again)


def _received(info: memoryview, state: int) -> int:
    if len(info) < _RECEIVED + 8:
        return -1
    count: int = struct.unpack_from("=Q", info, _RECEIVED)[0]
    return max(0, count - (state in _ENDED_THERE))


def attribute(data: memoryview, wanted: int) -> memoryview:
    """One attribute of an answer; empty if missing."""
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if kind == wanted:
            return data[4:length]
        data = data[(length + 3) & ~3 :]
    return memoryview(b"")


def _address(family: int, raw: bytes) -> str:
    """As text; an IPv4-mapped IPv6 address as IPv4."""
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, raw[:4])
    if raw.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, raw[12:])
    return socket.inet_ntop(socket.AF_INET6, raw)


def main() -> None:
    for line in sys.stdin:
        try:
            said: object = [astuple(each) for each in table(json.loads(line))]
        except Unreadable as error:
            said = {"unreadable": str(error)}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
