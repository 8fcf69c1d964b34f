"""Confinement of a program: whether this machine supports it, and the command for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.host import confine
from chaos.host.privileges import SystemUser

_PROBE_TIMEOUT = 30.0
_QUIET = "/proc/self/net/route"


@dataclass(frozen=True, slots=True)
class Confinement:
    """A network without a way out, and a file tree with only the system's programs and `visible`, so no socket of
    another server either. `root` is an empty directory of midnight's.
    """

    root: Path
    visible: tuple[Path, ...]

    def command(
        self, argv: Sequence[str | Path], user: SystemUser | None, cwd: Path = Path("/")
    ) -> list[str]:
        """The command to start as midnight's own user so that `argv` runs confined, as `user`, under the same pid."""
        given = [f"--visible={path}" for path in self.visible]
        given += ["--as", str(user.uid), str(user.gid)] if user else []
        helper = [sys.executable, "-I", "-S", str(confine.__file__)]
        return [*helper, f"--root={self.root}", f"--cwd={cwd}", *given, "--", *map(str, argv)]

    def refusal(self, user: SystemUser | None) -> str | None:
        """Why it does not work on this machine; None if tried successfully."""
        try:
            done = subprocess.run(
                self.command(["/bin/sh", "-c", f"test -e {_QUIET}"], user),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=_PROBE_TIMEOUT,
                check=False,
                cwd="/",
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode == 0:
            return None
        said = done.stderr.decode(errors="replace").strip().splitlines()
        return said[-1] if said else f"it ended with {done.returncode}"
