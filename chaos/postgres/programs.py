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

log = logging.getLogger(__name__)

_GRACE = 15.0  # seconds
_TAIL = 15  # lines of a program's words in an error


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of `installation`, run as `user` (None: ourselves) and bearing `mark`."""

    installation: Installation
    user: SystemUser | None
    mark: str

    def run(
        self, name: str, *arguments: str | Path, timeout: float, pass_fds: Sequence[int] = ()
    ) -> tuple[int, str]:
        """The return code (negative: the signal that ended it) and all that was said.

        Raises TargetError when it has not ended within `timeout` seconds; it is ended then with what it started:
        in order, so that it removes what it has half made, and after 15 s for certain.
        """
        begun = time.monotonic()
        child = spawn(
            [self.installation.program(name), *arguments],
            mark=self.mark,
            user=self.user,
            cwd=Path("/"),  # one that every user can enter
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=pass_fds,
        )
        try:
            output, _ = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            log.debug("ran %s: no exit code within %g s", name, timeout)
            raise TargetError(f"{name} did not end within {timeout:.0f} s") from error
        finally:
            # pg_basebackup streams from a child of its own, which is of the same group.
            end_group(child, _GRACE)
        took = time.monotonic() - begun
        log.debug("ran %s %s: exit code %d after %.1f s", name, arguments, child.returncode, took)
        return child.returncode, output.decode(errors="replace")

    def must(self, name: str, *arguments: str | Path, timeout: float, pass_fds: Sequence[int] = ()) -> str:
        """What was said by a program that ended with 0. Raises TargetError with its own words."""
        code, said = self.run(name, *arguments, timeout=timeout, pass_fds=pass_fds)
        if code != 0:
            program = self.installation.program(name)
            raise TargetError(f"{name} failed with {code} ({program}):\n{tail(said)}")
        return said


def tail(text: str) -> str:
    """The last lines of `text`, as many as an error may quote."""
    return "\n".join(text.strip().splitlines()[-_TAIL:])
