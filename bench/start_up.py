"""How long a command takes to start, compared with a bare interpreter."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from statistics import median

from bench.figures import Figure, at_most
from bench.workshop import Workshop

COMMANDS = {
    "--help": 12.5,
    "list": 45.0,
    "show smoke": 45.0,
    "runs": 45.0,
    "validate experiments/smoke.yaml": 45.0,
    "schedule list -f schedules/example.yaml": 45.0,
}
"""How many times a bare interpreter's CPU time each may take. One starts in 11 ms: 0.14 s for help, else 0.5 s."""

_STARTED = "from chaos.cli import main; main()"


def figures(shop: Workshop) -> list[Figure]:
    repeats = 2 * shop.extent.repeats + 1
    bare = median(_cpu_seconds("pass") for _ in range(repeats))
    return [
        at_most(
            f"CPU time of `midnight {words}`, compared with a bare interpreter",
            median(_cpu_seconds(_STARTED, *words.split()) for _ in range(repeats)),
            bare,
            aim,
            "ms",
        )
        for words, aim in COMMANDS.items()
    ]


def _cpu_seconds(code: str, *words: str) -> float:
    """CPU time of one process: how long it takes where nothing else runs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory(prefix="midnight-bench-") as empty:
        subprocess.run(
            [sys.executable, "-c", code, *words],
            check=True,
            capture_output=True,
            env={"PATH": "/usr/bin:/bin", "HOME": empty, "MIDNIGHT_REPORTS": empty},
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
