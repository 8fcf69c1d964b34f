"""User and password in an address: never written, sent as the header that a client makes of them."""

from __future__ import annotations

import re

NOTE = "base64 of USER:PASSWORD"
_LOGIN = re.compile(r"((?:[a-z][a-z0-9+.-]*:)?//)([^/?#]*)@", re.IGNORECASE)


def stripped(url: str) -> tuple[str, str]:
    """The address without user and password, and these; empty if it has none."""
    found = _LOGIN.match(url)
    return (url, "") if found is None else (found[1] + url[found.end() :], found[2])
