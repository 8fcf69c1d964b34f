"""A process of the tests' own that holds exactly what a test wants."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chaos.census import processes
from chaos.host.processes import ref_of
from chaos.plugin.handles import ProcessRef
from tests.census import hoard

HELD_AT = next(
    number
    for number, line in enumerate(Path(hoard.PROGRAM).read_text().splitlines(), 1)
    if "HELD:" in line and 'HELD:"' not in line
)


@dataclass(frozen=True, slots=True)
class Hoard:
    """The process, and a way to tell it what to hold; an answer means that it holds it."""

    process: subprocess.Popen[str]
    place: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def ref(self) -> ProcessRef:
        return ref_of(self.pid)

    def __call__(self, *words: object) -> str:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def counts(self) -> dict[str, int]:
        return processes.counts(self.pid)


@contextmanager
def hoard_in(place: Path) -> Iterator[Hoard]:
    """Runs as `python hoard.py PLACE`; gone afterwards."""
    argv = [sys.executable, "-I", hoard.PROGRAM, str(place)]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield Hoard(process, place)
    finally:
        process.kill()
        process.communicate()


def more(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """What changed, without what did not."""
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}
