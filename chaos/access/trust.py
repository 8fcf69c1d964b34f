"""TLS trust for targets and notification receivers: the machine's own authorities."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl


def trust(url: str) -> ssl.SSLContext | bool:
    """Return a context for `verify` of httpx and `ssl` of asyncio; False without TLS.

    Trusts the machine's authorities, and those of SSL_CERT_FILE and SSL_CERT_DIR, so that a company's internal CA
    needs no configuration. Loaded once, and only when needed: it is slow.
    """
    return _context() if urlsplit(url).scheme == "https" else False


@functools.cache
def _context() -> ssl.SSLContext:
    import ssl  # slow, and a file that is only read has no server to trust

    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
