"""PostgreSQL's own programs, run with a mark and a deadline."""

from __future__ import annotations

import logging
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.errors import TargetError
from chaos.host.privileges import SystemUser
from chaos.host.processes import end_group, spawn
from chaos.postgres.installation import Installation
from chaos.spec.units import show_seconds

log = logging.getLogger(__name__)

_GRACE = 15.0  # seconds
_TAIL = 15  # lines of a program's output quoted in an error


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of `installation`, run as `user` (None: midnight's own) and carrying `mark`."""

    installation: Installation
    user: SystemUser | None
    mark: str

    def run(
        self, name: str, *arguments: str | Path, timeout: float, pass_fds: Sequence[int] = ()
    ) -> tuple[int, str]:
        """The return code (negative: the signal that ended it) and the output.

        Raises TargetError if it has not ended within `timeout` seconds; it is then ended together with its children:
        gracefully, so that it removes unfinished output, and after 15 s by force.
        """
        begun = time.monotonic()
        child = spawn(
            [self.installation.program(name), *arguments],
            mark=self.mark,
            user=self.user,
            cwd=Path("/"),  # a directory that every user can enter
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=pass_fds,
        )
        try:
            output, _ = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            log.debug("ran %s: no exit code within %g s", name, timeout)
            raise TargetError(f"{name} did not end within {show_seconds(timeout)}") from error
        finally:
            # pg_basebackup streams from a child process, which is in the same group.
            end_group(child, _GRACE)
        took = time.monotonic() - begun
        log.debug("ran %s %s: exit code %d after %.1f s", name, arguments, child.returncode, took)
        return child.returncode, output.decode(errors="replace")

    def must(self, name: str, *arguments: str | Path, timeout: float, pass_fds: Sequence[int] = ()) -> str:
        """The output of a program that exits with 0. Raises TargetError with its output otherwise."""
        code, said = self.run(name, *arguments, timeout=timeout, pass_fds=pass_fds)
        if code != 0:
            program = self.installation.program(name)
            raise TargetError(f"{name} failed with {code} ({program}):\n{tail(said)}")
        return said


def tail(text: str) -> str:
    """The last lines of `text` that fit in an error."""
    return "\n".join(text.strip().splitlines()[-_TAIL:])
