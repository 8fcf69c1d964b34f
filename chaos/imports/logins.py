"""User and password in an address: never written, sent as the header that a client makes of them."""

from __future__ import annotations

import re

NOTE = "base64 of USER:PASSWORD"
_LOGIN = re.compile(r"((?:[a-z][a-z0-9+.-]*:)?//)[^/?#]*@", re.IGNORECASE)


def stripped(url: str) -> tuple[str, bool]:
    """The address without user and password, and whether it had them."""
    found = _LOGIN.match(url)
    return (url, False) if found is None else (found[1] + url[found.end() :], True)
