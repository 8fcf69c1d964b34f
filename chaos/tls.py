"""Whom to trust when a target, or whoever is told of a run, speaks TLS: what this machine trusts."""

from __future__ import annotations

import functools
import ssl


def trust(url: str) -> ssl.SSLContext | bool:
    """For the `verify` of httpx and the `ssl` of asyncio; False where there is no TLS.

    The authorities are the machine's own, and those of SSL_CERT_FILE and SSL_CERT_DIR, so that a company's
    internal one need not be told to us. They are loaded once, and never for nothing: it takes a while.
    """
    return _context() if url.startswith("https:") else False


@functools.cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()
