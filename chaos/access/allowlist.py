"""Hosts that a run may access: this machine, and those on the target's allow-list."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from chaos.errors import Refused

log = logging.getLogger(__name__)


def addresses(host: str, allow: Collection[str]) -> list[str]:
    """Resolve a host now. Raises Refused for any host other than this machine.

    Loopback (127.0.0.0/8 and ::1) is always allowed, any other host only if it is in `allow`.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        log.debug("%s: no address: %s", host, error)
        raise Refused(f"{host!r} has no address: {error}") from error
    result = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    log.debug("%s: addresses %s", host, ", ".join(result))
    beyond = [text for text in result if not _is_loopback(text)]
    if beyond and host.lower() not in allow:
        raise Refused(f"{host!r} ({beyond[0]}) is not this machine and not in the target's `allow`")
    return result


def addresses_at(where: str, host: str, allow: Collection[str]) -> list[str]:
    """Resolve a host that a file names at this place. Raises Refused, which names the place."""
    try:
        return addresses(host, allow)
    except Refused as error:
        raise Refused(f"{where}: {error}") from None


def is_foreign(host: str, allow: Collection[str]) -> bool:
    """Return True if a host may not be allowed, without resolving it: any name but `localhost` may lead elsewhere."""
    if host in allow or host == "localhost":
        return False
    try:
        return not _is_loopback(host)
    except ValueError:
        return True


def host_of(url: str) -> str:
    """Return the host of a URL, in lower case and without port; empty if it has none."""
    return urlsplit(url).hostname or ""


def in_url(host: str) -> str:
    """Return a host as a URL has it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def port_of(url: str) -> int:
    return urlsplit(url).port or usual_port(url)


def usual_port(url: str) -> int:
    """Return the default port of this URL scheme."""
    return 443 if urlsplit(url).scheme == "https" else 80


def _is_loopback(text: str) -> bool:
    return ipaddress.ip_address(text.partition("%")[0]).is_loopback
