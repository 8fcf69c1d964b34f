"""The cost of sampling twenty processes four times a second, as a share of one CPU."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench.figures import Figure, below
from bench.workshop import Workshop
from chaos.host.processes import ref_of
from chaos.plugin.handles import Handles
from chaos.record.journal import Clock, Writer
from chaos.sampling.sampler import Sampler

PROCESSES = 20
BOUND = 0.02  # of one CPU


def figures(shop: Workshop) -> list[Figure]:
    """Each sampler runs in a process of its own, so that its CPU time can be measured alone."""
    argv = [sys.executable, "-m", "bench.sampling_cost", str(max(2.0, shop.extent.attack))]
    shares = [float(subprocess.check_output(argv)) for _ in range(shop.extent.repeats)]
    return [
        below(
            f"share of one CPU used by sampling {PROCESSES} processes four times a second",
            median(shares),
            BOUND,
            "%",
        )
    ]


def share(length: float) -> float:
    """The share of one CPU that the sampler uses in `length` seconds."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="midnight-bench-")))
        sleepers = [subprocess.Popen(["sleep", "600"]) for _ in range(PROCESSES)]
        for sleeper in sleepers:
            stack.callback(sleeper.wait)
            stack.callback(sleeper.kill)
        roles = {f"role-{number}": (ref_of(each.pid),) for number, each in enumerate(sleepers)}
        writer = Writer(place / "samples.jsonl")
        stack.callback(writer.close)
        sampler = Sampler(Handles(processes=roles), writer, Clock(time.monotonic()))
        sampler.start()
        time.sleep(1.0)  # what is done once does not count
        used, begun = time.process_time(), time.monotonic()
        time.sleep(length)
        found = (time.process_time() - used) / (time.monotonic() - begun)
        sampler.stop()
        return found


if __name__ == "__main__":
    print(share(float(sys.argv[1])))
