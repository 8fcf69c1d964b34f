"""The sockets of a process's network namespace, from /proc/PID/net: containers' too, where their processes are seen."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from chaos.census.descriptors import text_of
from chaos.host import owners, sockets, unix_sockets

STATES = (
    "", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT",
    "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV",
)  # fmt: skip
ESTABLISHED, LISTEN = "ESTABLISHED", "LISTEN"
_BY_PORT = ("tcp", "tcp6", "udp", "udp6")
_UNIX_STATES = {"01": "UNCONNECTED", "02": "CONNECTING", "03": "CONNECTED", "04": "DISCONNECTING"}
_ACCEPTS = 0x10000  # a flag of /proc/net/unix
_MAPPED = b"\0" * 10 + b"\xff\xff"
_READINGS = 2  # the kernel's tables are not read atomically: one reading may miss a socket


@dataclass(frozen=True, slots=True)
class Connection:
    """One socket. Addresses are HOST:PORT, or a path for a unix socket; empty if it has none."""

    protocol: str  # tcp | udp | unix
    local: str
    peer: str
    state: str
    accepted: bool = False  # something listens at its local port: the peer's port is the client's own

    @property
    def what(self) -> str:
        """`socket tcp 127.0.0.1:5432 ESTABLISHED`, `socket tcp accepted on :8000 from 10.0.0.7:40312 CLOSE_WAIT`."""
        if self.state == LISTEN:
            where = self.local
        elif self.accepted:
            where = f"accepted on :{self.local.rpartition(':')[2]} from {self.peer}"
        else:
            where = self.peer or self.local
        return " ".join(filter(None, ("socket", self.protocol, where, self.state)))


def connections(pid: int) -> dict[int, Connection]:
    """The sockets that processes own in its network namespace, by inode. Raises OSError."""
    found: dict[int, Connection] = {}
    for _ in range(_READINGS):
        for name in _BY_PORT:
            found |= _internet(pid, name)
        found |= _unix(pid)
    listening = {_port(each.local) for each in found.values() if each.state == LISTEN and _port(each.local)}
    return {inode: _accepted(each, listening) for inode, each in found.items()} | _unix_peers(pid, found)


def _accepted(each: Connection, listening: set[str]) -> Connection:
    if each.protocol != "tcp" or not each.peer or _port(each.local) not in listening:
        return each
    return Connection(each.protocol, each.local, each.peer, each.state, accepted=True)


def _port(address: str) -> str:
    return "" if address.startswith(("/", "@")) else address.rpartition(":")[2]


def _internet(pid: int, name: str) -> Iterator[tuple[int, Connection]]:
    """Rows of /proc/PID/net/tcp and its like; the kernel writes the address's words in its own byte order."""
    with suppress(FileNotFoundError):  # no IPv6
        for line in text_of(f"/proc/{pid}/net/{name}").splitlines()[1:]:
            fields = line.split()
            if len(fields) < 10 or not (inode := int(fields[9])):
                continue
            state = STATES[int(fields[3], 16)] if name.startswith("tcp") else ""
            yield inode, Connection(name[:3], _address(fields[1]), _address(fields[2]), state)


def _address(written: str) -> str:
    """HOST:PORT; empty for the peer of a socket that has none. An IPv4-mapped address is shown as IPv4."""
    words, _, port = written.partition(":")
    raw = b"".join(struct.pack("=I", int(words[at : at + 8], 16)) for at in range(0, len(words), 8))
    if int(port, 16) == 0:
        return ""
    if len(raw) == 4 or raw.startswith(_MAPPED):
        return f"{socket.inet_ntop(socket.AF_INET, raw[-4:])}:{int(port, 16)}"
    return f"[{socket.inet_ntop(socket.AF_INET6, raw)}]:{int(port, 16)}"


def _unix(pid: int) -> Iterator[tuple[int, Connection]]:
    with suppress(FileNotFoundError):
        for line in text_of(f"/proc/{pid}/net/unix").splitlines()[1:]:
            fields = line.split(maxsplit=7)
            if len(fields) < 7:
                continue
            path = fields[7] if len(fields) == 8 else ""
            state = LISTEN if int(fields[3], 16) & _ACCEPTS else _UNIX_STATES.get(fields[5], "")
            yield int(fields[6]), Connection("unix", path, "", state)


def _unix_peers(pid: int, found: dict[int, Connection]) -> dict[int, Connection]:
    """The connecting ends of unix connections, with the path they lead to; none in another network namespace."""
    named = {}
    with suppress(OSError, sockets.Unreadable):
        if owners.same_network(pid):
            table = unix_sockets.table()
            paths = {each.inode: _path(each.name) for each in table}
            for each in table:
                old, path = found.get(each.inode), paths.get(each.peer)
                if old is not None and path and not each.name:
                    named[each.inode] = Connection("unix", "", path, old.state)
    return named


def _path(name: bytes) -> str:
    """As /proc writes it: a name in the abstract namespace begins with @."""
    return os.fsdecode(name[:1].replace(b"\0", b"@") + name[1:].rstrip(b"\0"))
