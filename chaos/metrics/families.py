"""Every metric, by name: docs/metrics.md is this table.

Names follow Prometheus' conventions (https://prometheus.io/docs/practices/naming/): prefix `midnight_`, base units,
`_total` on counters only. The run id is never a label: every run would add series that never end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, StateSetMetricFamily
from prometheus_client.metrics_core import Metric

from chaos.checks.figure import Figure
from chaos.checks.figures import every

GROUP = ("experiment", "target", "profile")
SUFFIX = {"s": "_seconds", "ratio": "_ratio", "bytes": "_bytes", "count": ""}

Kind = Literal["gauge", "counter", "stateset"]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric. A counter's name goes without `_total`, which the exposition adds."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()

    @property
    def exposed(self) -> str:
        return f"{self.name}_total" if self.kind == "counter" else self.name

    def empty(self) -> Metric:
        """A metric without samples yet."""
        if self.kind == "counter":
            return CounterMetricFamily(self.name, self.help, labels=self.labels)
        if self.kind == "stateset":
            return StateSetMetricFamily(self.name, self.help, labels=self.labels)
        return GaugeMetricFamily(self.name, self.help, labels=self.labels)


INFO = Family("midnight_build_info", "gauge", "Always 1; the version is a label.", ("version",))
PART_UP = Family(
    "midnight_metrics_part_up",
    "gauge",
    "1 if this part could be read: runs, drills, progress, schedules. 0: its metrics are missing.",
    ("part",),
)

VERDICT = Family(
    "midnight_run_verdict", "stateset", "Verdict of the last run; none: it has no verdict.", GROUP
)
EXIT_CODE = Family("midnight_run_exit_code", "gauge", "Exit code of the last run.", GROUP)
STARTED = Family("midnight_run_started_timestamp_seconds", "gauge", "When the last run started.", GROUP)
STORED = Family("midnight_runs_stored", "gauge", "Runs in the history.", GROUP)

DRILL = Family(
    "midnight_drill_last_pass_timestamp_seconds",
    "gauge",
    "When the last passing drill started. Absent if none has passed.",
    ("target",),
)
DRILL_AGE = Family(
    "midnight_drill_age_seconds",
    "gauge",
    "Age of the last passing drill. In a textfile, its age when the file was written.",
    ("target",),
)

IN_PROGRESS = Family("midnight_runs_in_progress", "gauge", "Runs that are playing on this machine.")
UNHEALED = Family(
    "midnight_runs_unhealed", "gauge", "Runs that ended without undoing everything: `midnight undo`."
)
FAULT_ACTIVE = Family(
    "midnight_fault_active",
    "gauge",
    "1 while a step of a run in progress acts, 0 before and after. Absent without a run.",
    (*GROUP, "step", "fault"),
)

NEXT_DUE = Family(
    "midnight_schedule_next_due_timestamp_seconds",
    "gauge",
    "Next start that no blackout skips. Absent while the schedule is paused.",
    ("schedule",),
)
PAUSED = Family("midnight_schedule_paused", "gauge", "1 if the schedule is paused.", ("schedule",))
OCCURRENCES = Family(
    "midnight_schedule_occurrences",
    "counter",
    "Due times by what became of them: ended, missed, skipped, refused. 0 until the first.",
    ("schedule", "state"),
)


def of_figure(figure: Figure) -> Family:
    """The metric of one key figure of the last run."""
    words = f"{figure.label[:1].upper()}{figure.label[1:]} of the last run."
    name = figure.metric or figure.name
    name = f"latency_{name}" if figure.rank is not None else name
    return Family(f"midnight_run_{name}{SUFFIX.get(figure.unit, '')}", "gauge", words, GROUP)


def families() -> Iterator[Family]:
    """Every metric, in the order of the exposition."""
    yield from (INFO, PART_UP, VERDICT, EXIT_CODE, STARTED, STORED)
    yield from (of_figure(figure) for figure in every() if figure.indexed)
    yield from (DRILL, DRILL_AGE, IN_PROGRESS, UNHEALED, FAULT_ACTIVE, NEXT_DUE, PAUSED, OCCURRENCES)
