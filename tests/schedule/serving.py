"""The scheduler in a process of its own, every second a run, with a stub in place of `midnight run`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from chaos import database
from chaos.host.processes import MARK, stop_marked
from chaos.schedule.launch import MIDNIGHT
from chaos.schedule.tables import occurrences
from tests.midnight import PROJECT
from tests.waiting import PATIENCE, wait_until

SERVE = """
import json, os, sys
from pathlib import Path
from chaos.schedule import service
from chaos.schedule.engine import Timing
given = json.loads(sys.argv[1])
say = lambda line: print(os.getpid(), line, file=sys.stderr, flush=True)
service.run(Path(given["file"]), say, url=given["url"], command=given["command"], timing=Timing(*given["timing"]))
"""


@dataclass
class Place:
    """A schedules.yaml, a database, and the book of the stubs."""

    path: Path
    takes: float = 0.1
    code: int = 0
    stub: bool = True  # in place of `midnight run`
    timing: tuple[float, float, float] = (0.2, 3.0, 4.5)  # beat, lease, claim
    address: str = ""  # of a database in place of a file
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def mark(self) -> str:
        return f"test-schedule-{self.path.name}"

    @property
    def url(self) -> str:
        return self.address or f"sqlite:///{self.path / 'schedule.db'}"

    @property
    def book(self) -> list[str]:
        file = self.path / "book"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def said(self) -> str:
        return (self.path / "said").read_text()

    def write(self, *schedules: dict[str, Any], **notify: Any) -> None:
        (self.path / "schedules.yaml").write_text(json.dumps({"schedules": schedules, "notify": notify}))

    def serve(self) -> subprocess.Popen[bytes]:
        stub = (sys.executable, str(PROJECT / "tests/schedule/stub.py"), str(self.path / "book"))
        given = {
            "file": str(self.path / "schedules.yaml"),
            "url": self.url,
            "command": [*stub, str(self.takes), str(self.code)] if self.stub else MIDNIGHT,
            "timing": self.timing,
        }
        with (self.path / "said").open("ab") as said:
            process = subprocess.Popen(
                [sys.executable, "-c", SERVE, json.dumps(given)],
                stderr=said,
                cwd=PROJECT,
                env={
                    **os.environ,
                    "PYTHONPATH": str(PROJECT),
                    "XDG_STATE_HOME": str(self.path / "state"),
                    MARK: self.mark,  # its runs outlive a scheduler that is killed
                },
            )
        self.started.append(process)
        return process

    def command(self, *words: str) -> subprocess.Popen[bytes]:
        """`midnight schedule run`, as a user types it."""
        typed = [*MIDNIGHT, "schedule", "run", "--file", str(self.path / "schedules.yaml"), *words]
        own = {"MIDNIGHT_DATABASE": self.url, "MIDNIGHT_REPORTS": str(self.path / "reports")}
        own |= {"XDG_STATE_HOME": str(self.path / "state"), MARK: self.mark}
        with (self.path / "said").open("ab") as said:
            process = subprocess.Popen(
                typed, stdout=said, stderr=said, cwd=PROJECT, env={**os.environ, **own}
            )
        self.started.append(process)
        return process

    def stop_all(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()
        stop_marked(self.mark, grace=0)

    def rows(self) -> list[Row[Any]]:
        with database.connect(self.url).begin() as connection:
            return list(connection.execute(select(occurrences).order_by(occurrences.c.due_utc)))

    def until(self, holds: Callable[[], object], patience: float = PATIENCE) -> None:
        """Wait until it holds: what another process does can only be looked for."""
        wait_until(holds, (self.path / "said").read_text, patience)


def every_second(name: str = "secondly", **given: Any) -> dict[str, Any]:
    return {"name": name, "experiment": "smoke", "when": "* * * * * *", **given}
