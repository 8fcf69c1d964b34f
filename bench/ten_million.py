"""A run of ten million hits, judged and reported: `python -m bench.ten_million [HITS]`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.attack import BenchError
from bench.figures import Figure, below
from bench.night import Night
from chaos.record.store import RunDir

SECONDS = 60.0  # both commands together
PEAK = 400e6  # bytes, of either


@dataclass(frozen=True, slots=True)
class Cost:
    seconds: float
    peak: int  # bytes
    code: int


def figures(hits: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="midnight-bench-") as place:
        print(f"writing a run of {hits} hits", flush=True)
        run = Night(hits).write(Path(place) / "reports" / "night")
        judged, reported = cost("judge", run), cost("report", run)
    seconds, peak = judged.seconds + reported.seconds, max(judged.peak, reported.peak)
    of = f"of {hits / 1e6:g} million hits"
    return [
        below(f"judging and reporting a run {of}", seconds, SECONDS, "s"),
        below(f"peak memory of judging or reporting a run {of}", peak, PEAK, "MB"),
    ]


def cost(command: str, run: RunDir) -> Cost:
    """What `midnight COMMAND RUN` takes, in a process of its own. Raises BenchError when it breaks."""
    measures = run.path / f"{command}.measures"
    argv = [sys.executable, "-m", "bench.measured", str(measures), command, str(run.path)]
    ended = subprocess.run(argv, stdout=subprocess.DEVNULL, check=False)
    if ended.returncode != 0:
        raise BenchError(f"midnight {command} could not be measured: it ended with {ended.returncode}")
    found = Cost(**json.loads(measures.read_text()))
    if found.code not in (0, 1, 3):
        raise BenchError(f"midnight {command} ended with {found.code}")
    print(f"{command}: {found.seconds:.1f} s, {found.peak / 1e6:.0f} MB", flush=True)
    return found


if __name__ == "__main__":
    for figure in figures(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000):
        print(" | ".join(figure.cells))
