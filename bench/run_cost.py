"""What a run takes beyond its timeline, by what it was spent on: `smoke` on the embedded target."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from bench.attack import BenchError
from bench.figures import Figure, below
from bench.workshop import Workshop
from chaos.record.events import BaselineBegun, PlayEnded, RunBegun, RunEnded, TargetReady, TargetRising
from chaos.record.journal import Journal
from chaos.record.store import RunDir

BEYOND = 10.0  # seconds
HEADER = ["span", "seconds"]

TIMELINE = "timeline: baseline and play"
Spans = Mapping[str, float]


def play(shop: Workshop) -> dict[str, float]:
    """The spans of a run in seconds, each the median of the repeats. Raises BenchError if it did not play."""
    found = [_play(shop) for _ in range(shop.extent.repeats)]
    return {name: median(each[name] for each in found) for name in found[0]}


def figures(spans: Spans) -> list[Figure]:
    beyond = sum(spans.values()) - spans[TIMELINE]
    return [below("a run of `smoke` beyond its timeline", beyond, BEYOND, "s")]


def rows(spans: Spans) -> list[list[str]]:
    """The rows of a table with `HEADER`."""
    return [[name, f"{seconds:.2f}"] for name, seconds in spans.items()]


def spans(run: RunDir, started: float, ended: float) -> dict[str, float]:
    """How the time between two instants of the monotonic clock, in which the run was played, was spent."""
    journal = Journal(run)
    begun = journal.latest(RunBegun)
    kinds = (TargetRising, TargetReady, BaselineBegun, PlayEnded, RunEnded)
    marks = [event.at for kind in kinds if (event := journal.latest(kind)) is not None]
    if begun is None or begun.monotonic is None or len(marks) < len(kinds):
        raise BenchError("the run was not played to its end")
    zero = begun.monotonic
    instants = [started - zero, begun.at, *marks, ended - zero]
    names = (
        "start: imports, plan, locks",
        "look at the machine, start the watchdog",
        "bring the target up",
        "start the load process",
        TIMELINE,
        "read back, read the logs, undo",
        "judge, write the report",
    )
    return {name: end - start for name, start, end in zip(names, instants, instants[1:], strict=False)}


def _play(shop: Workshop) -> dict[str, float]:
    with shop.scratch() as place:
        argv = [str(Path(sys.executable).parent / "midnight"), "run", "smoke", "--json"]
        own = {"MIDNIGHT_REPORTS": str(place / "reports"), "XDG_STATE_HOME": str(place / "state")}
        started = time.monotonic()
        done = subprocess.run(argv, env=os.environ | own, capture_output=True, text=True, check=False)
        ended = time.monotonic()
        try:
            run = RunDir(place / "reports" / "smoke" / json.loads(done.stdout)["run"])
        except (ValueError, KeyError) as error:
            raise BenchError(f"smoke ended with {done.returncode}: {done.stderr[-400:]}") from error
        return spans(run, started, ended)
