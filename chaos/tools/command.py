"""Short commands of other people's programs, none of which may hang."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_QUICK = 10.0  # seconds: enough to print a version on a busy machine
# Administrators' programs are often not on an ordinary user's PATH.
_ADMIN_DIRS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


class CommandFailed(Exception):
    """A command could not be run, took too long, or failed: its last line of output."""


def which(name: str) -> Path | None:
    """The program on PATH, or in the administrators' directories."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_ADMIN_DIRS])
    found = shutil.which(name, path=path)
    return Path(found) if found else None


def output(
    argv: Sequence[str | Path], *, timeout: float = _QUICK, env: Mapping[str, str] | None = None
) -> str:
    """What the command prints, on both streams; `env` is added to ours. Raises CommandFailed."""
    name = Path(argv[0]).name
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
        raise CommandFailed(f"{name} did not end within {timeout:.0f} s") from error
    except OSError as error:
        raise CommandFailed(f"{name} cannot be run: {error.strerror}") from error
    said = done.stdout.decode(errors="replace").strip()
    if done.returncode != 0:
        last = said.splitlines()[-1] if said else "it says nothing"
        raise CommandFailed(f"{name} failed with {done.returncode}: {last}")
    return said


def version(program: Path, pattern: str) -> str:
    """The first group of `pattern` in what `program --version` prints. Raises CommandFailed."""
    said = output([program, "--version"])
    match = re.search(pattern, said)
    if match is None:
        first = said.splitlines()[0] if said else ""
        raise CommandFailed(f"{program} --version says {first!r}")
    return match[1]
