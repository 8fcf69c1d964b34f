"""Certificates are checked wherever a URL means TLS, and a trust store is loaded only then."""

from __future__ import annotations

import ssl

import pytest

from chaos.access import trust


@pytest.mark.parametrize("url", ["https://localhost", "HTTPS://localhost"])
def test_certificates_are_checked_however_the_scheme_is_written(url: str) -> None:
    context = trust.trust(url)
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


def test_a_url_without_tls_loads_no_trust_store() -> None:
    assert trust.trust("http://localhost") is False
