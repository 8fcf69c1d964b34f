"""A session with Redis, or with a server that speaks its protocol (RESP2)."""

from __future__ import annotations

import functools
import re
import socket
import ssl
import threading
from contextlib import suppress

from chaos.host.stores.answers import HUNG_UP, Denied, Lost, NoRoom, numbers
from chaos.plugin.handles import Login

_LOADING = threading.Lock()
_FULL = "max number of clients"


class Redis:
    """Over TLS if the login names the host in the certificate, which must then be trusted on this machine."""

    def __init__(self, made: socket.socket, login: Login) -> None:
        self._descriptor, self._socket = made.fileno(), made  # TLS keeps the number
        try:
            if login.certified:
                self._socket = _over_tls(made, login.certified)
            self._answers = self._socket.makefile("rb")
            self._ask("AUTH", *filter(None, [login.user]), login.password)
            self.id = self._own_id()
        except (Denied, Lost, OSError) as error:
            self._socket.close()
            raise _refusal(error) from None

    def fileno(self) -> int:
        return self._descriptor

    def listed(self) -> frozenset[int]:
        return frozenset(map(int, re.findall(r"^id=(\d+) ", self._ask("CLIENT", "LIST"), re.M)))

    def room(self) -> tuple[int, int]:
        shown = dict(re.findall(r"^(connected_clients|maxclients):(\d+)", self._ask("INFO", "clients"), re.M))
        if "maxclients" not in shown:  # before Redis 7
            shown["maxclients"] = self._ask("CONFIG", "GET", "maxclients").rpartition("\n")[2]
        return numbers(shown.get("connected_clients"), shown["maxclients"])

    def close(self) -> None:
        with suppress(OSError):
            self._answers.close()
            self._socket.close()

    def _own_id(self) -> int | None:
        try:
            said = self._ask("CLIENT", "ID")
        except Denied:  # an ACL need not allow it
            return None
        return int(said) if said.isdecimal() else None

    def _ask(self, *words: str) -> str:
        """The answer, lists with a line for each item. Raises Denied for an error, Lost, OSError."""
        parts = [f"*{len(words)}\r\n".encode()]
        for word in words:
            raw = word.encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(raw), raw))
        with suppress(ConnectionError):  # it may have hung up already: its last words can still be read
            self._socket.sendall(b"".join(parts))
        return self._answer()

    def _answer(self) -> str:
        try:
            line = self._answers.readline()
            sort, said = line[:1], line[1:].decode(errors="replace").strip()
            if sort == b"$":
                text = b"" if said == "-1" else self._answers.read(_length(said) + 2)[:-2]
                return text.decode(errors="replace")
        except ConnectionError as error:
            raise Lost(str(error)) from None
        if not line.endswith(b"\n"):
            raise Lost(HUNG_UP)
        if sort == b"-":
            raise Denied(f"-{said}")
        if sort == b"*":
            return "\n".join(self._answer() for _ in range(_length(said)))
        if sort not in (b"+", b":"):
            raise _other(sort)
        return said


def _length(said: str) -> int:
    try:
        return int(said)
    except ValueError:
        raise _other(said.encode()[:10]) from None


def _other(said: bytes) -> Denied:
    return Denied(f"it begins with {said!r}, not like Redis")


def _refusal(error: Exception) -> Exception:
    """Of a sign-in. A server without room may also hang up."""
    if isinstance(error, Lost | ConnectionError):
        return NoRoom(HUNG_UP)
    return NoRoom(str(error)) if isinstance(error, Denied) and _FULL in str(error) else error


@functools.cache
def _checked() -> ssl.SSLContext:
    """Loads the machine's authorities, which takes long: once for a whole crowd."""
    return ssl.create_default_context()


def _over_tls(made: socket.socket, host: str) -> ssl.SSLSocket:
    """Raises Denied if the handshake fails, Lost if the server hangs up: without room it does so before TLS begins."""
    try:
        with _LOADING:
            context = _checked()
        return context.wrap_socket(made, server_hostname=host)
    except ssl.SSLEOFError:
        raise Lost(HUNG_UP) from None
    except ssl.SSLError as error:
        raise Denied(f"TLS: {getattr(error, 'verify_message', '') or error.reason or error}") from None
