"""Run `logrotate --debug` with a configuration in memory. Read-only.

Standard library only: it also runs in a sidecar.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from chaos.host import logrotate_said
from chaos.host.logrotate_conf import ConfError
from chaos.host.logrotate_said import Said

ANSWERS_WITHIN = 30.0  # seconds: it only reads
_NO_STATE = "/dev/null"  # enough for `--debug`, which neither locks nor writes one


def given(conf: str) -> BinaryIO:
    """The configuration as an open unnamed file, which no other process can change."""
    file = os.fdopen(os.memfd_create("logrotate.conf"), "wb")
    os.fchmod(file.fileno(), 0o600)
    file.write(conf.encode(errors="surrogateescape"))
    file.flush()
    return file


def ask(conf: str, spec: Mapping[str, Any], origins: Sequence[str] = ()) -> Said:
    """What logrotate would do; `origins` are `FILE:LINE` of each line of the configuration. Raises ConfError."""
    with given(without_new_directories(conf, spec["files"])[0]) as file:
        argv = [spec["binary"], "--debug", "--force", "--state", _NO_STATE, f"/proc/self/fd/{file.fileno()}"]
        try:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=spec["env"],
                cwd="/",
                pass_fds=[file.fileno()],
                timeout=ANSWERS_WITHIN,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ConfError(f"logrotate --debug did not end within {ANSWERS_WITHIN:g} s") from None
    return logrotate_said.parse(done.stdout.decode(errors="replace"), origins)


def without_new_directories(conf: str, files: Sequence[str]) -> tuple[str, list[str]]:
    """The configuration without `createolddir`, which even `--debug` executes, and without each missing `olddir`;
    also returns those.
    """
    lines, missing = conf.splitlines(), list[str]()
    creates = any(line.split()[:1] == ["createolddir"] for line in lines)
    for n, line in enumerate(lines):
        words = line.replace("=", " ").split(maxsplit=1)
        if creates and words[:1] == ["olddir"] and len(words) == 2:
            places = {Path(file).parent / words[1].strip() for file in files}
            if absent := [str(place) for place in places if not place.is_dir()]:
                missing += absent
                lines[n] = ""
        elif words[:1] == ["createolddir"]:
            lines[n] = ""
    return "\n".join([*lines, ""]), missing
