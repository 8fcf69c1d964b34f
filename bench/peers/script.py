"""An instrument in Python that is no tool by itself: a script of ours that makes it send an open loop.

The script gets `{"url", "rate", "length", "users", "out"}` as its one argument, prints `ready` when it begins,
and writes rows of four doubles: due, sent, done (of the monotonic clock) and 1 for an answer with 2xx.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.attack import Attack, BenchError, Report, summarize
from bench.processor_time import watched

PATIENCE = 2.0  # seconds beyond the attack until a script that does not come to its end is killed


@dataclass(frozen=True, slots=True)
class Script:
    name: str
    python: Path
    script: Path

    def run(self, attack: Attack, place: Path) -> Report:
        out = place / "requests"
        order = {"url": attack.url, "rate": attack.rate, "length": attack.length}
        order |= {"users": attack.concurrency, "out": str(out)}
        with (place / "log").open("wb") as log:
            process = subprocess.Popen(
                [self.python, self.script, json.dumps(order)], stdout=subprocess.PIPE, stderr=log
            )
        assert process.stdout is not None
        process.stdout.readline()
        with watched([process.pid]) as usage, process.stdout:
            ended = _ended(process, attack.length + PATIENCE)
        if ended is None:  # hopelessly behind: as far as it came, it held nothing
            return Report(attack.count, dict.fromkeys((50.0, 99.0, 99.9), np.inf), np.inf, usage)
        if ended:
            said = (place / "log").read_text(errors="replace").strip()[-500:]
            raise BenchError(f"{self.name} ended with code {ended}: {said}")
        due, sent, done, good = np.fromfile(out, dtype=np.float64).reshape(-1, 4).T
        bad = attack.count - int(good.sum())
        return summarize(due, sent, done, bad, usage)


def _ended(process: subprocess.Popen[bytes], patience: float) -> int | None:
    """The return code; None when it had to be killed."""
    try:
        return process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None
