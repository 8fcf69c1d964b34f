"""A server's certificate, signed by an authority that nobody knows until SSL_CERT_FILE names it."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


def server_of(name: str, authority: Path) -> ssl.SSLContext:
    """The context of a server of this name; its authority's own certificate is written to the file."""
    signing = trustme.CA()
    signing.cert_pem.write_to_path(str(authority))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    signing.issue_cert(name).configure_cert(context)
    return context
