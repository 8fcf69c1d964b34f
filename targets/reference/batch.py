"""The nightly job "data sync and cache refresh": bulk rows, heavy queries, CPU and memory, within a deadline.

Prints JSON lines: `started`, `progress` about once a second, and last `done` or `failed` with `because`.
Exits with 0 when done, 1 when failed, 143 when stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from .batch_child import end_at_deadline
from .batch_children import Child, usage
from .batch_database import BatchDatabase
from .settings import Config, load

PROGRESS_SECONDS = 1.0
BETWEEN_UPDATES_SECONDS = 0.04  # of the usage total: about 20 a second
# The soft deadline precedes the hard one by this much, to report it and to end the children gracefully; with a short
# deadline, by its last half. That takes a while on a busy machine.
WINDING_UP_SECONDS = 5.0
STOPPED = 128 + signal.SIGTERM


class Job:
    """One night's work; its parts run in threads and child processes."""

    def __init__(self, config: Config, asked: argparse.Namespace) -> None:
        self._config = config
        self._asked = asked
        self._began = time.monotonic()
        self._deadline = self._began + asked.deadline - min(WINDING_UP_SECONDS, asked.deadline / 2)
        self._children: list[Child] = []
        self._rows = self._updates = 0
        self._peak_mb = 0.0
        self._burned: list[float] = []

    def run(self) -> None:
        """Do everything. Raises what failed; the children are gone afterwards, either way."""
        self.say("started", **{key: getattr(self._asked, key) for key in ("rows", "burners", "cpu_seconds")})
        try:
            self._start_children()
            pool = ThreadPoolExecutor(self._config.profile.batch.pool_size)
            futures = [pool.submit(self._sync)]
            futures += [pool.submit(self._heavy) for _ in range(self._asked.queries)]
            waiting = ThreadPoolExecutor(1 + len(self._children))
            futures.append(waiting.submit(self._count_usage))
            futures += [waiting.submit(self._await_child, child) for child in self._children]
            self._watch(futures)
            pool.shutdown()
        finally:
            self.kill_children()
        self.say("done", **self._state(sum(self._burned)), peak_rss_mb=round(self._peak_mb, 1))

    def kill_children(self) -> None:
        """End every child."""
        for child in self._children:
            child.kill()

    def say(self, phase: str, **facts: object) -> None:
        """Print one JSON line."""
        print(json.dumps({"phase": phase, **facts}), flush=True)

    def _start_children(self) -> None:
        settings, left = self._config.profile.batch, self._asked.deadline
        share = self._asked.cpu_seconds / max(1, self._asked.burners)
        self._children = [Child("burn", share, left, settings) for _ in range(self._asked.burners)]
        if self._asked.memory_mb:
            self._children.append(Child("cache", self._asked.memory_mb, left, settings))

    def _await_child(self, child: Child) -> None:
        self._burned.append(child.result().get("cpu_seconds", 0.0))

    def _sync(self) -> None:
        """Copy the requested number of rows, starting over at the first as often as needed."""
        settings, documents = self._config.profile.batch, self._config.documents
        database = BatchDatabase(self._config, self._deadline)
        while self._rows < self._asked.rows:
            first = self._rows % documents + 1
            chunk = min(settings.chunk_rows, self._asked.rows - self._rows)
            self._rows += database.sync(first, chunk)
            time.sleep(settings.pause_ms / 1000.0)
        database.close()

    def _count_usage(self) -> None:
        database = BatchDatabase(self._config, self._deadline)
        while self._updates < self._asked.updates:
            database.count_usage()
            self._updates += 1
            time.sleep(BETWEEN_UPDATES_SECONDS)
        database.close()

    def _heavy(self) -> None:
        database = BatchDatabase(self._config, self._deadline)
        database.heavy()
        database.close()

    def _watch(self, futures: list[Future[None]]) -> None:
        """Report progress until all is done; end at the first failure or the deadline."""
        left = set(futures)
        while left:
            done, left = wait(left, timeout=PROGRESS_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
            cpu_seconds, resident_mb = usage()
            self._peak_mb = max(self._peak_mb, resident_mb)
            if not done:
                self.say("progress", **self._state(cpu_seconds))
            if left and time.monotonic() > self._deadline:
                raise TimeoutError(f"deadline of {self._asked.deadline:g} s reached")

    def _state(self, cpu_seconds: float) -> dict[str, float]:
        seconds = time.monotonic() - self._began
        done = {"rows": self._rows, "updates": self._updates}
        return {**done, "cpu_seconds": round(cpu_seconds, 2), "seconds": round(seconds, 2)}


def main() -> None:
    """Run the job with the command line's arguments."""
    asked = _arguments()
    end_at_deadline(asked.deadline)
    job = Job(load(), asked)
    for number in (signal.SIGINT, signal.SIGTERM):  # midnight ends a job with SIGINT first
        signal.signal(number, lambda *_: _stop(job))
    try:
        job.run()
    except Exception as error:
        job.say("failed", because=f"{type(error).__name__}: {error}")
        sys.stdout.flush()
        # Threads may still wait for the database; leave without them.
        os._exit(1)


def _stop(job: Job) -> None:
    job.kill_children()
    os._exit(STOPPED)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The nightly data sync and cache refresh.")
    parser.add_argument("--rows", type=int, default=20_000, help="rows to copy")
    parser.add_argument("--burners", type=int, default=2, help="processes that share the CPU seconds")
    parser.add_argument("--cpu-seconds", type=float, default=10.0, help="CPU seconds in all")
    parser.add_argument("--memory-mb", type=int, default=128, help="memory to hold until the end")
    parser.add_argument(
        "--queries", type=int, default=2, help="heavy queries, as many at once as the pool allows"
    )
    parser.add_argument("--updates", type=int, default=0, help="updates of the usage total")
    parser.add_argument(
        "--deadline", type=float, required=True, help="seconds after which all of its processes have ended"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
