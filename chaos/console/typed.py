"""A command of midnight's as it can be typed here and now."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

PROGRAM = "midnight"


def as_typed(command: str) -> str:
    """Return the command, with the program's path if a shell would not find it: `make midnight` plays with
    `.venv/bin/midnight`, which is not on PATH."""
    program = Path(sys.argv[0])
    if program.name != PROGRAM or shutil.which(PROGRAM) or not command.startswith(f"{PROGRAM} "):
        return command
    return f"{_shorter(program)}{command.removeprefix(PROGRAM)}"


def _shorter(program: Path) -> str:
    """From the working directory, if the program is below it."""
    near = os.path.relpath(program)
    return str(program.absolute()) if near.startswith(os.pardir) else near
