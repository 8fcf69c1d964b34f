"""What the witness costs: requests' p99, their CPU time, and memory, without it, with it, and during censuses.

Writes a table into docs/leaks.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.full import tables
from tests.midnight import PROJECT
from tests.witness.served import GUNICORN, Served, environment, serving

pytestmark = [pytest.mark.full, pytest.mark.alone]
ROUNDS, REQUESTS, RATE = 10, 200, 30.0  # requests a second: a third of what the service can
OFF, ON, DURING = "without the witness", "with the witness", "during censuses, one after another"


@dataclass
class Cost:
    latencies: list[float] = field(default_factory=list)  # seconds, from due to done
    cpu: list[float] = field(default_factory=list)  # seconds a request, one for each round
    memory: list[float] = field(default_factory=list)  # bytes of USS

    @property
    def p99(self) -> float:
        return float(np.percentile(self.latencies, 99))

    @property
    def each(self) -> float:
        return float(np.median(self.cpu))

    def uss(self, name: str) -> float:
        """Without a census, or after all of them."""
        return self.memory[-1 if name == DURING else 0]


def test_what_the_witness_costs(tmp_path: Path) -> None:
    costs = {name: Cost() for name in (OFF, ON, DURING)}
    censuses: list[float] = []  # seconds that each took
    with ExitStack() as stack:
        without = stack.enter_context(_served(tmp_path / "without", MIDNIGHT_WITNESS="off"))
        with_it = stack.enter_context(_served(tmp_path / "with"))
        for number in range(ROUNDS):
            pairs = [(without, costs[OFF]), (with_it, costs[ON])]
            for served, cost in pairs if number % 2 else reversed(pairs):
                _measure(served, cost)
            with _asking(with_it, censuses):
                _measure(with_it, costs[DURING])
    rows = _rows(costs)
    cpu = (sum(costs[DURING].cpu) - sum(costs[ON].cpu)) * REQUESTS / len(censuses)
    rows[-1][0] += f": {np.median(censuses):.2f} s and {cpu:.2f} s of CPU each"
    tables.write("witness-cost", ("", *HEADER), rows, PROJECT / "docs/leaks.md")
    assert costs[ON].each / costs[OFF].each < 1.5
    assert costs[DURING].p99 < 1


HEADER = ("p99", "ratio", "CPU time a request", "ratio", "memory (USS)", "more")


def _rows(costs: dict[str, Cost]) -> list[list[str]]:
    off = costs[OFF]
    return [
        [
            name,
            f"{cost.p99 * 1000:.1f} ms",
            f"{cost.p99 / off.p99:.2f}",
            f"{cost.each * 1000:.2f} ms",
            f"{cost.each / off.each:.2f}",
            f"{cost.uss(name) / 1e6:.1f} MB",
            f"{(cost.uss(name) - off.uss(OFF)) / 1e6:+.1f} MB",
        ]
        for name, cost in costs.items()
    ]


@contextmanager
def _served(place: Path, **more: str) -> Iterator[Served]:
    place.mkdir()
    answers = place / "answers"
    with serving(place, *GUNICORN, "-k", "gevent", env=environment(answers, **more)) as served:
        served.get("work", times=50)
        yield served


def _measure(served: Served, cost: Cost) -> None:
    """Requests at even distances, each from a thread of its own: one that is late delays no other."""
    process = _worker(served)
    before, started = process.cpu_times(), time.perf_counter() + 0.1
    threads = [
        threading.Thread(target=_request, args=(served, started + number / RATE, cost))
        for number in range(REQUESTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = process.cpu_times()
    cost.cpu.append((after.user + after.system - before.user - before.system) / REQUESTS)
    cost.memory.append(process.memory_full_info().uss)


def _request(served: Served, due: float, cost: Cost) -> None:
    time.sleep(max(0.0, due - time.perf_counter()))
    served.get("work")
    cost.latencies.append(time.perf_counter() - due)


def _worker(served: Served) -> psutil.Process:
    (worker,) = psutil.Process(served.process.pid).children()
    return worker


@contextmanager
def _asking(served: Served, censuses: list[float]) -> Iterator[None]:
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            began = time.perf_counter()
            served.ask()
            censuses.append(time.perf_counter() - began)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        done.set()
        asking.join()
