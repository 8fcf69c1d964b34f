"""Sessions of clients that sign in to MySQL, MariaDB or Redis. They block: a crowd has a thread for each sign-in."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Protocol

from chaos.host.stores import mysql, redis
from chaos.host.stores.answers import PATIENCE, REFUSED, Denied, Lost, NoRoom
from chaos.plugin.handles import Login
from chaos.plugin.kinds import Kind

__all__ = ["PATIENCE", "Denied", "Lost", "NoRoom", "Session", "sign_in"]


class Session(Protocol):
    """Signed in, and idle: its descriptor can be read only once the server has ended it."""

    @property
    def id(self) -> int | None:
        """The server's own number of this session; None if the login may not ask for it."""

    def fileno(self) -> int: ...

    def listed(self) -> frozenset[int]:
        """The numbers of the signed-in sessions that the server lists. Raises Denied, Lost, OSError."""

    def room(self) -> tuple[int, int]:
        """The connections that the server has now, and those that it allows. Raises Denied, Lost, OSError."""

    def close(self) -> None:
        """Leave in order, so that the server counts no aborted client. Never raises."""


_SIGNS_IN: dict[Kind, Callable[[socket.socket, Login], Session]] = {
    "mysql": mysql.Mysql,
    "redis": redis.Redis,
}


def sign_in(kind: Kind, at: str, login: Login) -> Session:
    """Connect to HOST:PORT and sign in. Raises NoRoom, Denied for any other refusal, OSError if it is not reached
    or does not answer in time."""
    host, _, port = at.rpartition(":")
    try:
        made = socket.create_connection((host.strip("[]"), int(port)), PATIENCE)
    except ConnectionRefusedError:
        raise NoRoom(REFUSED) from None
    try:
        return _SIGNS_IN[kind](made, login)
    except BaseException:
        made.close()
        raise
