"""What only a run knows: the latency at midnight, and the memory that each role came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chaos.checks.figures import recalled
from chaos.errors import UsageError
from chaos.record.gauges import Process, Source
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.spec.userfile import read_json


@dataclass(frozen=True, slots=True)
class Measured:
    """`p99` in seconds, None if it was not measured; `peak` in bytes, by role."""

    run: str
    p99: float | None = None
    peak: Mapping[str, float] = field(default_factory=dict)


def of_run(run: RunDir) -> Measured:
    """Read a stored run. Raises UsageError if it has no verdict, and FileError or Unreadable if it is damaged."""
    if not run.verdict.is_file():
        raise UsageError(f"run {run.id} has no verdict to compare with; type: midnight report {run.id}")
    journal = Journal(run)
    peak = {}
    for source, gauge in journal.gauges():
        if gauge == Process.RSS and source.startswith(Source.PROCESS):
            values = journal.series(source, gauge).value
            peak[source.removeprefix(Source.PROCESS)] = float(values.max())
    return Measured(run.id, recalled(read_json(run.verdict)).get("p99"), peak)
