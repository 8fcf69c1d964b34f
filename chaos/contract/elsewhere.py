"""An undo in a process of its own, with nothing but its JSON: as the watchdog does it after a `kill -9`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from chaos.plugin import registry
from chaos.plugin.fault import Undo


def as_json(document: Any) -> Any:
    """The document, from JSON again. Raises TypeError, ValueError for what JSON cannot hold."""
    return json.loads(json.dumps(document, allow_nan=False))


def undo_elsewhere(by: str, undo: Undo) -> Any:
    """The evidence of the undo. Raises AssertionError with what the other process said."""
    done = subprocess.run(
        [sys.executable, "-m", "chaos.contract.elsewhere", by],
        input=json.dumps(undo),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"the undo failed in another process:\n{done.stderr}"
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    print(json.dumps(registry.undo_of(sys.argv[1])(json.load(sys.stdin)), allow_nan=False))
