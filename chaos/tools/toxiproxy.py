"""The Toxiproxy server 2.12, from the first source available.

Sources: a running server named by TOXIPROXY_URL; `toxiproxy-server` on PATH; midnight's cache. The cache is filled by
`go install` if Go is present, else with the project's release binary.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from chaos.access.secret_urls import control_url
from chaos.errors import MidnightError, ToolMissing
from chaos.record.store import cache_dir
from chaos.tools import toxiproxy_release
from chaos.tools.command import CommandFailed, output, version, which
from chaos.tools.part import Found, Missing
from chaos.tools.toxiproxy_release import PINNED
from chaos.toxiproxy import Toxiproxy

log = logging.getLogger(__name__)

NAME = "Toxiproxy"
REQUIRED = True

_URL = "TOXIPROXY_URL"
_PROGRAM = "toxiproxy-server"
_MODULE = "github.com/Shopify/toxiproxy/v2"
_BUILD_TIMEOUT = 900.0
_REMEDY = f"type: midnight doctor --fix (or install Toxiproxy {PINNED} so that `{_PROGRAM}` is on PATH)"


def find() -> Found | Missing:
    if url := running_server():
        return _running(url)
    on_path = which(_PROGRAM)
    reasons = []
    for program, source in ((on_path, "PATH"), (_cached(), _cached_source())):
        if program is None or not program.is_file():
            log.debug("%s: %s is not there", source, program or _PROGRAM)
            continue
        try:
            return Found(NAME, _usable_version(program), str(program), source)
        except CommandFailed as reason:
            log.debug("%s: refused: %s", program, reason)
            reasons.append(str(reason))
    because = "; ".join(reasons) or f"it is neither on PATH nor in {cache_dir()}"
    return Missing(NAME, because, _REMEDY)


def running_server() -> str | None:
    """The control URL of the server set by the user (TOXIPROXY_URL), if any, without user and password. Raises
    UsageError.
    """
    given = os.environ.get(_URL)
    return control_url(given, _URL) if given else None


def find_binary() -> Path:
    """The server program on this machine, for a server that midnight starts. Raises ToolMissing."""
    found = find()
    if isinstance(found, Missing):
        raise found.error()
    if running_server():
        raise ToolMissing(NAME, f"{_URL} names a running server", f"use it, or unset {_URL}")
    return Path(found.where)


def get() -> Found:
    found = find()
    if isinstance(found, Found):
        return found
    if running_server():
        # An explicit choice is not overruled.
        raise found.error()
    reasons = []
    sources: tuple[tuple[str, Callable[[Path], None]], ...] = (
        ("go install", _build),
        ("release binary", toxiproxy_release.fetch),
    )
    for source, make in sources:
        try:
            _install(make, source)
        except CommandFailed as reason:
            log.debug("%s: could not be obtained: %s", source, reason)
            reasons.append(f"{source}: {reason}")
            continue
        found = find()
        if isinstance(found, Found):
            return found
        reasons.append(f"{source}: {found.because}")
    raise ToolMissing(NAME, "; ".join(reasons), toxiproxy_release.REMEDY)


def _running(url: str) -> Found | Missing:
    log.debug("%s names %s: no program is looked for", _URL, url)
    try:
        return Found(NAME, Toxiproxy(url).version(), url, _URL)
    except MidnightError as error:
        return Missing(NAME, f"{_URL}: {error}", f"start that server, or unset {_URL}")


def _cached() -> Path:
    return cache_dir() / f"{_PROGRAM}-{PINNED}"


def _cached_source() -> str:
    try:
        return f"cache ({_note().read_text().strip()})"
    except OSError:
        return "cache"


def _note() -> Path:
    return _cached().with_name(f"{_cached().name}.source")


def _usable_version(program: Path) -> str:
    said = version(program, r"version (\S+)")
    numbers = re.match(r"v?(\d+)\.(\d+)", said)
    # A server built without a version calls itself "git": that does not mean it is too old.
    if numbers and not (2, 12) <= (int(numbers[1]), int(numbers[2])) < (3, 0):
        raise CommandFailed(f"{program} is version {said}; 2.12 or a later 2.x is required")
    return said


def _install(make: Callable[[Path], None], source: str) -> None:
    """Build the program in a directory of its own, try it, and only then move it into the cache."""
    try:
        cache_dir().mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(prefix=".toxiproxy-", dir=cache_dir()))
    except OSError as error:
        raise CommandFailed(f"{cache_dir()} cannot be written: {error.strerror}") from error
    try:
        program = workshop / _PROGRAM
        make(program)
        program.chmod(0o755)
        if (said := version(program, r"version (\S+)")) != PINNED:
            raise CommandFailed(f"it calls itself {said}, not {PINNED}")
        _note().write_text(f"{source}\n")
        program.replace(_cached())
    except OSError as error:
        raise CommandFailed(f"{error.filename}: {error.strerror}") from error
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _build(program: Path) -> None:
    go = which("go")
    if go is None:
        raise CommandFailed("Go is not installed")
    # Without ldflags the server would call itself "git".
    flags = f"-s -w -X {_MODULE}.Version={PINNED}"
    env = {"GOBIN": str(program.parent), "GOFLAGS": "", "CGO_ENABLED": "0"}
    argv: list[str | Path] = [
        go,
        "install",
        "-trimpath",
        "-ldflags",
        flags,
        f"{_MODULE}/cmd/server@v{PINNED}",
    ]
    output(argv, timeout=_BUILD_TIMEOUT, env=env)
    (program.parent / "server").rename(program)
