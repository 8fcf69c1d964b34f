"""Every processor busy, by processes of ordinary priority."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_BURN = (
    "import sys, threading; threading.Thread(target=lambda: (sys.stdin.read(), __import__('os')._exit(0)))"
)
_BURN += ".start()\nwhile True: pass"


@contextmanager
def burning() -> Iterator[None]:
    """One burner for each processor; they end with the block, and when we die."""
    burners = [
        subprocess.Popen([sys.executable, "-c", _BURN], stdin=subprocess.PIPE)
        for _ in range(os.cpu_count() or 1)
    ]
    try:
        yield
    finally:
        for burner in burners:
            assert burner.stdin is not None
            burner.stdin.close()
            burner.kill()
            burner.wait()
