"""An undo in a process and a directory of its own, with nothing but its JSON: as the watchdog or `midnight undo` does
it after a `kill -9`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from chaos.plugin import registry
from chaos.plugin.fault import Undo

START = 30.0  # seconds for Python to import a plug-in


def as_json(document: Any) -> Any:
    """The document, from JSON again. Raises TypeError, ValueError for what JSON cannot hold."""
    return json.loads(json.dumps(document, allow_nan=False))


def undo_elsewhere(by: str, undo: Undo) -> Any:
    """The evidence of the undo. Raises AssertionError with what the other process said, subprocess.TimeoutExpired if
    it takes longer than a run allows."""
    from chaos.run.steps import UNDO  # not in the other process, where it would double the time to start

    path = os.pathsep.join(os.path.abspath(each) for each in sys.path)  # noqa: PTH100 (one may be "")
    with tempfile.TemporaryDirectory() as elsewhere:
        done = subprocess.run(
            [sys.executable, "-m", "chaos.contract.elsewhere", by],
            input=json.dumps(undo),
            env={**os.environ, "PYTHONPATH": path},
            cwd=elsewhere,
            capture_output=True,
            text=True,
            check=False,
            timeout=START + UNDO,
        )
    assert done.returncode == 0, f"the undo failed in another process and directory:\n{done.stderr}"
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    print(json.dumps(registry.undo_of(sys.argv[1])(json.load(sys.stdin)), allow_nan=False))
