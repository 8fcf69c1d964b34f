"""Short third-party commands, each with a deadline."""

from __future__ import annotations

import logging
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from chaos.spec.units import show_seconds

log = logging.getLogger(__name__)

_QUICK = 10.0  # seconds: enough to print a version on a busy machine
# Administrators' programs are often not on an ordinary user's PATH.
_ADMIN_DIRS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


class CommandFailed(Exception):
    """A command could not be run, took too long, or failed: its last line of output."""


def which(name: str) -> Path | None:
    """Find the program on PATH or in the administrators' directories."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_ADMIN_DIRS])
    found = shutil.which(name, path=path)
    log.debug("%s: %s, looked for in %s", name, found or "not there", path)
    return Path(found) if found else None


def output(
    argv: Sequence[str | Path], *, timeout: float = _QUICK, env: Mapping[str, str] | None = None
) -> str:
    """Return what the command prints, on both streams; `env` is added to midnight's own. Raises CommandFailed."""
    name, begun = Path(argv[0]).name, time.monotonic()
    try:
        done = subprocess.run(
            argv,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        _log(argv, "no exit code", begun)
        raise CommandFailed(f"{name} did not end within {show_seconds(timeout)}") from error
    except OSError as error:
        _log(argv, f"cannot be run ({error.strerror})", begun)
        raise CommandFailed(f"{name} cannot be run: {error.strerror}") from error
    _log(argv, f"exit code {done.returncode}", begun)
    said = done.stdout.decode(errors="replace").strip()
    if done.returncode != 0:
        last = said.splitlines()[-1] if said else "no output"
        raise CommandFailed(f"{name} failed with {done.returncode}: {last}")
    return said


def _log(argv: Sequence[str | Path], outcome: str, begun: float) -> None:
    words = shlex.join(map(str, argv))
    log.debug("ran %s: %s after %.0f ms", words, outcome, (time.monotonic() - begun) * 1e3)


def version(program: Path, pattern: str) -> str:
    """The first group of `pattern` in what `program --version` prints. Raises CommandFailed."""
    said = output([program, "--version"])
    match = re.search(pattern, said)
    if match is None:
        first = said.splitlines()[0] if said else ""
        raise CommandFailed(f"{program} --version says {first!r}")
    return match[1]
