"""The planted service under a server of its choice, with the witness, as a target has it."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from chaos.census.witness.ask import DIRECTORY, ask, folder, listens
from chaos.host.ports import free_port
from tests.waiting import wait_until

HERE = Path(__file__).parent
PLANTED = HERE / "planted.py"


def line_of(marker: str) -> int:
    """The number of the line that bears `# leak: MARKER`."""
    (found,) = [
        number
        for number, line in enumerate(PLANTED.read_text().splitlines(), 1)
        if line.partition("# leak: ")[2].split("  ")[0] == marker
    ]
    return found


@dataclass
class Served:
    process: subprocess.Popen[bytes]
    port: int
    answers: Path

    @property
    def worker(self) -> int:
        """The process that serves: the youngest that a witness listens in."""
        family = [
            psutil.Process(self.process.pid),
            *psutil.Process(self.process.pid).children(recursive=True),
        ]
        return next(each.pid for each in reversed(family) if listens(each.pid))

    def get(self, *routes: str, times: int = 1) -> None:
        for _ in range(times):
            for route in routes:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{route}", timeout=30) as answer:
                    assert answer.read() == b"ok\n"

    def ask(self) -> dict[str, Any]:
        return ask(self.worker, within=60)


def environment(answers: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {
        **kept,
        "PYTHONPATH": str(folder()),
        DIRECTORY: str(answers),
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }


@contextmanager
def serving(
    place: Path, *argv: str, env: Mapping[str, str] | None = None, python: str = sys.executable
) -> Iterator[Served]:
    """`python ARGV...` with PORT replaced; the directory of answers is empty in the end."""
    port = free_port()
    answers = place / "answers"
    answers.mkdir(exist_ok=True)
    given = env or environment(answers, PLANTED_DATABASE=str(place / "planted.sqlite"), TMPDIR=str(place))
    words = [word.replace("PORT", str(port)) for word in (python, *argv)]
    with (place / "server.log").open("wb") as log:
        process = subprocess.Popen(words, env=given, cwd=HERE, stdout=log, stderr=log)
    served = Served(process, port, answers)
    try:
        wait_until(lambda: _answers(served, process), "the planted service")
        yield served
    finally:
        process.terminate()
        process.wait(30)
    assert list(answers.iterdir()) == []


def _answers(served: Served, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the server ended"
    with suppress(OSError):
        served.get("plain")
        return True
    return False


GUNICORN: Sequence[str] = (
    "-m",
    "gunicorn",
    "-b",
    "127.0.0.1:PORT",
    "--no-control-socket",
    "planted:application",
)
