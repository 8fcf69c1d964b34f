"""Certificates: found, dated, and the reason where one cannot be read."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from chaos.survey import certificates
from chaos.survey.root import Root

LIVE = "etc/letsencrypt/live/example.com/cert.pem"


@pytest.fixture
def expires() -> datetime:
    return (datetime.now(UTC) + timedelta(days=10)).replace(microsecond=0)


@pytest.fixture
def root(tmp_path: Path, expires: datetime) -> Root:
    """A machine with one certificate, reached by a link as certbot makes it, and one file that is broken."""
    archive = tmp_path / "etc/letsencrypt/archive/example.com/cert1.pem"
    archive.parent.mkdir(parents=True)
    issued = trustme.CA().issue_cert("example.com", not_after=expires)
    issued.cert_chain_pems[0].write_to_path(archive)
    (tmp_path / LIVE).parent.mkdir(parents=True)
    (tmp_path / LIVE).symlink_to("../../archive/example.com/cert1.pem")
    (tmp_path / "etc/ssl").mkdir()
    broken = b"-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n"
    (tmp_path / "etc/ssl/broken.pem").write_bytes(broken)
    (tmp_path / "etc/ssl/key.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    return Root.of(tmp_path)


def test_a_certificate_has_its_day_and_a_broken_one_its_line(root: Root, expires: datetime) -> None:
    found = certificates.find(root)
    assert [(each.path, each.expires) for each in found.read] == [(f"/{LIVE}", expires)]
    assert [each.place for each in found.unread] == ["/etc/ssl/broken.pem"]
    assert certificates.expiring(found.read, expires) == []
    assert len(certificates.expiring(found.read, expires + timedelta(seconds=1))) == 1


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_reads_the_same_where_cryptography_is_not_installed(
    root: Root, expires: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    found = certificates.find(root)
    assert [(each.path, each.expires) for each in found.read] == [(f"/{LIVE}", expires)]
    assert [str(each) for each in found.unread] == [
        "/etc/ssl/broken.pem: openssl cannot read this certificate"
    ]


def test_without_both_each_file_says_what_to_install(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    monkeypatch.setenv("PATH", "")
    found = certificates.find(root)
    assert found.read == []
    assert len(found.unread) == 2
    assert all("pip install cryptography" in each.reason for each in found.unread)
