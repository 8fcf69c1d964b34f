"""The command `midnight` as a user types it, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from chaos.record.journal import Event, read_events
from chaos.record.store import RunDir

PROJECT = Path(__file__).parent.parent
PLUGIN = PROJECT / "tests/plugin"


class Done(NamedTuple):
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def printed(self) -> str:
        return self.out + self.err


@dataclass(frozen=True, slots=True)
class Midnight:
    """Commands run in `place`, where their reports go, and their state where `state` is not given."""

    place: Path
    state: Path | None = None
    prefix: tuple[str, ...] = ()  # what makes the command another user's
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "MIDNIGHT_REPORTS": str(self.place / "reports"),
            "XDG_STATE_HOME": str((self.state or self.place) / "state"),
            "PYTHONPATH": str(PLUGIN),
            "COLUMNS": "200",
        }

    def argv(self, *arguments: str) -> list[str]:
        return [*self.prefix, str(Path(sys.executable).parent / "midnight"), *arguments]

    def __call__(self, *arguments: str, timeout: float = 240) -> Done:
        done = subprocess.run(
            self.argv(*arguments),
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment,
            cwd=PROJECT,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Begin a command in a session of its own; what it prints goes to `output` in `place`."""
        with (self.place / "output").open("wb") as output:
            process = subprocess.Popen(
                self.argv(*arguments),
                stdout=output,
                stderr=output,
                env=self.environment,
                cwd=PROJECT,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def stop_all(self) -> None:
        """End what a failed test has left running, the way a user would."""
        for process in self.started:
            process.terminate()
        for process in self.started:
            process.wait(90)

    def file(self, name: str, text: str) -> str:
        path = self.place / name
        path.write_text(text)
        return str(path)

    @property
    def run(self) -> RunDir:
        """The one run that was begun."""
        (found,) = (self.place / "reports").glob("*/*/run.json")
        return RunDir(found.parent)

    @property
    def runs(self) -> list[Path]:
        return list((self.place / "reports").glob("*/*/run.json"))

    @property
    def verdict(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.run.verdict.read_text())
        return document

    def events(self) -> list[Event]:
        return read_events(self.run)

    def outcomes(self) -> dict[str, str]:
        """Outcome by `check: name` of the one run."""
        return {f"{item['check']}: {item['name']}": item["outcome"] for item in self.verdict["findings"]}
