"""A session with MySQL or MariaDB."""

from __future__ import annotations

import functools
import socket
import ssl
import struct
from contextlib import suppress
from typing import Any

from chaos.host.greetings import MYSQL_FULL
from chaos.host.stores.answers import HUNG_UP, PATIENCE, Denied, Lost, NoRoom, numbers
from chaos.plugin.handles import Login

_LOST = (2006, 2013)
_HEADER = 4  # bytes: the length of a packet, three of them, and its number
_LARGEST = 1000  # bytes of a greeting
_SPEAKS_TLS = 0x800  # of the capabilities in a greeting
_NO_CRYPTOGRAPHY = "this login requires another package: pip install cryptography"


class Mysql:
    """Over TLS if the server offers it, without checking its certificate, as MySQL's own clients do."""

    def __init__(self, made: socket.socket, login: Login) -> None:
        import pymysql  # an extra

        self._errors = pymysql.err
        self._descriptor = made.fileno()  # TLS keeps its number
        self._connection: pymysql.Connection[Any] = pymysql.connect(
            user=login.user,
            password=login.password,
            autocommit=None,
            **({"ssl": _unchecked()} if _offers_tls(made) else {"ssl_disabled": True}),
            read_timeout=PATIENCE,
            write_timeout=PATIENCE,
            defer_connect=True,
        )
        try:
            self._connection.connect(made)
        except self._errors.Error as error:
            if isinstance(error.__context__, TimeoutError):
                raise error.__context__ from None
            raise self._refusal(error) from None
        except RuntimeError:  # PyMySQL's for a missing package
            raise Denied(_NO_CRYPTOGRAPHY) from None

    @property
    def id(self) -> int:
        return int(self._connection.thread_id())  # type: ignore[no-untyped-call]

    def fileno(self) -> int:
        return self._descriptor

    def listed(self) -> frozenset[int]:
        """Those of this login, or, with the PROCESS privilege, of all."""
        rows = self._rows("SHOW PROCESSLIST")
        return frozenset(int(row[0]) for row in rows if row[1] != "unauthenticated user")

    def room(self) -> tuple[int, int]:
        shown = dict(self._rows("SHOW GLOBAL STATUS LIKE 'Threads_connected'"))
        shown |= dict(self._rows("SHOW GLOBAL VARIABLES LIKE 'max_connections'"))
        return numbers(shown.get("Threads_connected"), shown.get("max_connections"))

    def close(self) -> None:
        with suppress(self._errors.Error):
            self._connection.close()

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())
        except self._errors.Error as error:
            number, said = _told(error)
            lost = isinstance(error, self._errors.InterfaceError) or number in _LOST
            raise (Lost if lost else Denied)(said) from None

    def _refusal(self, error: Exception) -> NoRoom | Denied:
        number, said = _told(error)
        if number in _LOST:
            return NoRoom(HUNG_UP)
        if number in MYSQL_FULL:
            return NoRoom(f"{number} {MYSQL_FULL[number]}")
        return Denied(f"{number} {said}")


def _offers_tls(made: socket.socket) -> bool:
    """By the server's greeting, which stays to be read. PyMySQL itself would load the machine's authorities for every
    session, which takes a crowd seconds. Raises TimeoutError."""
    try:
        said = _peeked(made, _HEADER)
        said = _peeked(made, _HEADER + min(int.from_bytes(said[:3], "little"), _LARGEST))
    except ConnectionError:
        return False
    after_version = said.find(b"\0", 5) + 1
    if said[4:5] != b"\x0a" or not after_version or len(said) < after_version + 15:
        return False
    (capabilities,) = struct.unpack_from("<H", said, after_version + 13)
    return bool(capabilities & _SPEAKS_TLS)


def _peeked(made: socket.socket, size: int) -> bytes:
    """So many bytes, which stay to be read, in however many pieces they come; fewer if the peer closes before."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
    try:
        return made.recv(size, socket.MSG_PEEK)
    finally:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)


@functools.cache
def _unchecked() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _told(error: Exception) -> tuple[int, str]:
    number, said = (*error.args, "", "")[:2]
    return (number if isinstance(number, int) else 0), str(said or error)
