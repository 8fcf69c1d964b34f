"""A truth server in a process of its own, and what it says of itself."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.calibration.future import Event
from tests.midnight import PROJECT

WELL = {"slow", "forget", "double", "alter"}
"""The runbook_steps that a client cannot tell from a good answer, if it waits for long enough."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a truth server really did. Times are of time.monotonic()."""

    go: float
    entries: list[dict[str, Any]]
    closed: list[tuple[str, float]]

    def of(self, *runbook_steps: str) -> list[dict[str, Any]]:
        """The requests to which at least one of these was done."""
        return [entry for entry in self.entries if set(runbook_steps) & set(entry["did"])]

    def answered_well(self, timeout: float) -> list[dict[str, Any]]:
        """The requests whose answer a client that waits `timeout` seconds must have found good."""
        return [
            entry
            for entry in self.entries
            if set(entry["did"]) <= WELL
            and entry["answered"] is not None
            and entry["answered"] - entry["at"] < timeout
        ]


@dataclass
class Truth:
    """A running truth server."""

    future: list[Event] = field(default_factory=list)

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.calibration.truth_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=PROJECT,
            text=True,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([event.to_json() for event in self.future]) + "\n")
        self._process.stdin.flush()
        ports = json.loads(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{ports['port']}"
        self.control = f"http://127.0.0.1:{ports['control']}"

    def stop(self) -> None:
        self._process.communicate(timeout=10)  # its input ends, and so does it

    def go(self) -> None:
        httpx.get(f"{self.control}/go", trust_env=False).raise_for_status()

    def record(self) -> Record:
        answer = httpx.get(f"{self.control}/record", trust_env=False).raise_for_status().json()
        return Record(answer["go"], answer["entries"], answer["closed"])


@contextmanager
def truth(*future: Event) -> Iterator[Truth]:
    server = Truth(list(future))
    server.start()
    try:
        yield server
    finally:
        server.stop()
