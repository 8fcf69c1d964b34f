"""What may be aimed at: this machine, and the hosts that a target's own allow-list names."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from chaos.errors import Refused

log = logging.getLogger(__name__)


def addresses(host: str, allow: Collection[str]) -> list[str]:
    """The addresses of a host, looked up now. Raises Refused for any beyond this machine.

    Loopback (127.0.0.0/8 and ::1) is always allowed, any other host only when `allow` names it.
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
        raise Refused(
            f"{host!r} ({beyond[0]}) is not this machine, and the target's `allow` does not name it"
        )
    return result


def is_foreign(host: str, allow: Collection[str]) -> bool:
    """Whether a host is beyond what is allowed, told without looking anything up: any name but `localhost`
    may lead elsewhere."""
    if host in allow or host == "localhost":
        return False
    try:
        return not _is_loopback(host)
    except ValueError:
        return True


def host_of(url: str) -> str:
    """The host of a URL, in lower case and without a port; empty when it has none."""
    return urlsplit(url).hostname or ""


def port_of(url: str) -> int:
    return urlsplit(url).port or usual_port(url)


def usual_port(url: str) -> int:
    """The port that a URL of this scheme has when it names none."""
    return 443 if urlsplit(url).scheme == "https" else 80


def _is_loopback(text: str) -> bool:
    return ipaddress.ip_address(text.partition("%")[0]).is_loopback
