"""vegeta: an open loop in Go; its results are read in full, its lag it does not tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.attack import Attack, Report, percentiles
from bench.peers.command import run_watched
from chaos.tools.command import output

MODULE = "github.com/tsenart/vegeta/v12"


@dataclass(frozen=True, slots=True)
class Vegeta:
    program: Path
    name: str = "vegeta"

    def run(self, attack: Attack, place: Path) -> Report:
        targets, results, table = place / "targets", place / "results", place / "results.csv"
        targets.write_text(f"GET {attack.url}\n")
        argv: list[str | Path] = [
            self.program,
            "attack",
            f"-targets={targets}",
            f"-rate={attack.rate:.0f}/1s",
        ]
        argv += [f"-duration={attack.length:g}s", f"-output={results}", "-timeout=10s"]
        usage = run_watched(argv, place, attack.length)
        output([self.program, "encode", "--to=csv", f"--output={table}", results], timeout=60)
        rows = np.loadtxt(table, delimiter=",", usecols=(1, 2), ndmin=2)  # status, nanoseconds
        bad = attack.count - int(np.count_nonzero(rows[:, 0] == 200))
        return Report(bad, percentiles(rows[:, 1] / 1e9), None, usage)
