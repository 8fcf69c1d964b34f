"""Whom to trust when a target, or whoever is told of a run, speaks TLS: what this machine trusts."""

from __future__ import annotations

import functools
import ssl
from urllib.parse import urlsplit


def trust(url: str) -> ssl.SSLContext | bool:
    """For the `verify` of httpx and the `ssl` of asyncio; False where there is no TLS.

    The authorities are the machine's own, and those of SSL_CERT_FILE and SSL_CERT_DIR, so that a company's
    internal one need not be told to us. They are loaded once, and never for nothing: it takes a while.
    """
    return _context() if urlsplit(url).scheme == "https" else False


@functools.cache
def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
