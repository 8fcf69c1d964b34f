"""Certificates of this machine, and when they expire."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chaos.survey.entry import Unread
from chaos.survey.root import CannotRead, Root

_PATTERNS = (
    "/etc/letsencrypt/live/*/cert.pem",
    "/etc/ssl/*.pem",
    "/etc/ssl/*.crt",
    "/etc/ssl/*/*.pem",
    "/etc/ssl/*/*.crt",
    "/etc/nginx/ssl/*.pem",
    "/etc/nginx/ssl/*.crt",
    "/etc/pki/tls/certs/*.pem",
    "/etc/pki/tls/certs/*.crt",
)
_AUTHORITIES = re.compile(
    r"/etc/ssl/certs/(?:ca-certificates\.crt|ca-bundle.*)|/etc/pki/tls/certs/ca-bundle.*"
)
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_WITHIN = 10.0  # seconds, for one certificate


@dataclass(frozen=True, slots=True)
class Certificate:
    path: str
    subject: str
    expires: datetime  # UTC


@dataclass(slots=True)
class Certificates:
    read: list[Certificate] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)


def find(root: Root) -> Certificates:
    """The certificate files of the usual places. Links to the distribution's own authorities are left out."""
    found = Certificates()
    denied = dict[str, str]()
    paths = dict.fromkeys(path for pattern in _PATTERNS for path in root.glob(pattern, denied))
    found.unread += [Unread(place, reason) for place, reason in denied.items()]
    for path in paths:
        if _AUTHORITIES.fullmatch(path) or (path.startswith("/etc/ssl/certs/") and _is_link(root, path)):
            continue
        try:
            blocks = _PEM.findall(root.content(path))
        except CannotRead as error:
            if not error.missing:
                found.unread.append(Unread(path, str(error)))
            continue
        try:
            found.read += [_certificate(path, block) for block in blocks[:1]]  # the others are its chain
        except (ValueError, OSError, subprocess.SubprocessError) as error:
            found.unread.append(Unread(path, str(error)))
    found.read.sort(key=lambda each: (each.expires, each.path))
    return found


def expiring(certificates: Iterable[Certificate], before: datetime) -> list[Certificate]:
    return [each for each in certificates if each.expires < before]


def _is_link(root: Root, path: str) -> bool:
    directory, _, name = path.rpartition("/")
    try:
        return (root.real(directory) / name).is_symlink()
    except CannotRead:
        return True


def _certificate(path: str, block: bytes) -> Certificate:
    try:
        from cryptography import x509
    except ImportError:
        return _by_openssl(path, block)
    certificate = x509.load_pem_x509_certificate(block)
    return Certificate(path, certificate.subject.rfc4514_string(), certificate.not_valid_after_utc)


def _by_openssl(path: str, block: bytes) -> Certificate:
    program = shutil.which("openssl")
    if program is None:
        raise ValueError(
            "neither the package cryptography nor openssl is installed: pip install cryptography"
        )
    done = subprocess.run(
        [program, "x509", "-noout", "-enddate", "-subject", "-nameopt", "rfc2253"],
        input=block,
        capture_output=True,
        timeout=_WITHIN,
        check=False,
    )
    said = dict(line.partition("=")[::2] for line in done.stdout.decode(errors="replace").splitlines())
    if done.returncode or "notAfter" not in said:
        raise ValueError("openssl cannot read this certificate")
    expires = datetime.strptime(said["notAfter"], "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC)
    return Certificate(path, said.get("subject", "").strip(), expires)
