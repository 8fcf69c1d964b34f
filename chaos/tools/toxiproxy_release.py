"""The Toxiproxy project's own release binary, accepted only if its checksum matches the recorded one."""

from __future__ import annotations

import hashlib
import json
import platform
from pathlib import Path

from chaos.errors import MidnightError, ToolMissing, UsageError
from chaos.later import httpx
from chaos.tools.command import CommandFailed

PINNED = "2.12.0"
REMEDY = "install Go and type: midnight doctor --fix, or with a network: midnight doctor --pin --fix"

_NAME = "Toxiproxy"
_RELEASES = "https://github.com/Shopify/toxiproxy/releases/download"
_PINS = Path(__file__).with_name("pins.json")
_TIMEOUT = 60.0  # seconds without a byte
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def fetch(program: Path) -> None:
    """Download the release binary to `program` if its SHA-256 is the recorded one. Raises CommandFailed."""
    asset = _asset()
    recorded = _pins().get(asset)
    if recorded is None:
        raise CommandFailed(f"no checksum of {asset} is recorded (midnight doctor --pin records it)")
    if (got := _download(asset, program)) != recorded:
        raise CommandFailed(f"{asset} has SHA-256 {got}, but {recorded} is recorded in {_PINS}")


def pin(scratch: Path) -> str:
    """Download the release binary below `scratch`, record its SHA-256, and return a one-line summary.

    Raises ToolMissing if it cannot be downloaded, UsageError if it cannot be recorded or a different checksum is
    recorded already.
    """
    try:
        asset = _asset()
        digest = _download(asset, scratch / "release")
    except CommandFailed as failure:
        raise ToolMissing(_NAME, str(failure), "try again with a network, or install Go") from failure
    pins = _pins()
    if pins.get(asset, digest) != digest:
        raise UsageError(f"{_PINS}: {asset}: {pins[asset]} is recorded, but the download has {digest}")
    try:
        _PINS.write_text(json.dumps({**pins, asset: digest}, indent=2, sort_keys=True) + "\n")
    except OSError as error:
        raise UsageError(f"{_PINS} cannot be written: {error.strerror}") from error
    return f"{asset} sha256:{digest} recorded in {_PINS}"


def _asset() -> str:
    system, machine = platform.system().lower(), _MACHINES.get(platform.machine().lower())
    if machine is None:
        raise CommandFailed(f"no release binary for {platform.machine()}")
    return f"v{PINNED}/toxiproxy-server-{system}-{machine}"


def _pins() -> dict[str, str]:
    if not _PINS.exists():
        return {}
    try:
        pins: dict[str, str] = json.loads(_PINS.read_text())
    except (OSError, ValueError) as error:
        raise MidnightError(f"{_PINS} cannot be read: {error}") from error
    return pins


def _download(asset: str, to: Path) -> str:
    digest = hashlib.sha256()
    try:
        with (
            httpx.stream("GET", f"{_RELEASES}/{asset}", follow_redirects=True, timeout=_TIMEOUT) as answer,
            to.open("wb") as file,
        ):
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                digest.update(chunk)
                file.write(chunk)
    except httpx.HTTPStatusError as error:
        code = error.response.status_code
        raise CommandFailed(f"{_RELEASES}/{asset} answers {code}") from error
    except httpx.HTTPError as error:
        raise CommandFailed(f"{_RELEASES}/{asset} cannot be downloaded: {error}") from error
    return digest.hexdigest()
