"""Load of midnight's own beside a job, where the job runs: on this machine, or within its container's limits."""

from __future__ import annotations

from functools import partial
from typing import Any

from chaos.engine import sidecar
from chaos.errors import ControlError, FaultError
from chaos.faults.shared import containers
from chaos.faults.shared.job_work import Load
from chaos.host.worker import Worker, start_here
from chaos.plugin.handles import ContainerRef

PART = "beside"
NEARLY = 0.95  # of the CPU time and the memory asked for
_PROGRAM = "chaos.host.burner"


class Beside:
    """Started with the job, ended with the hold. The mark's undo ends it, too."""

    def __init__(self, load: Load, container: ContainerRef | None, mark: str, deadline: float) -> None:
        """Raises FaultError; TargetGone if the container is not running."""
        self._load = load
        self._worker: Worker | None = None
        if not load:
            return
        spec = {
            "burners": load.burners,
            "cpu_seconds": load.cpu_seconds,
            "memory": load.memory,
            "deadline": deadline,
        }
        begin = start_here if container is None else partial(sidecar.start, container)
        try:
            self._worker = Worker(_PROGRAM, spec, mark_of(mark), begin)
        except ControlError as error:
            raise containers.failure("the load beside the job", error) from error

    def rest(self) -> None:
        """The job has ended: end, too, once the CPU time asked for is used."""
        if self._worker is not None:
            self._worker.say("rest")

    def done(self) -> bool:
        return self._worker is None or self._worker.ended()

    def finish(self) -> tuple[dict[str, float], dict[str, float], dict[str, Any]]:
        """End it; return its dose, floor and evidence."""
        if self._worker is None:
            return {}, {}, {}
        try:
            report = self._worker.finish()
        except (
            FaultError
        ) as error:  # the kernel killed it for memory, say: its dose is then not known to be reached
            report = {"cpu_seconds": 0.0, "held": 0, "ended": str(error)}
        dose: dict[str, float] = {}
        floor: dict[str, float] = {}
        if self._load.burners and self._load.cpu_seconds is not None:
            dose["beside_cpu_seconds"] = report["cpu_seconds"]
            floor["beside_cpu_seconds"] = self._load.cpu_seconds * NEARLY
        if self._load.memory:
            dose["beside_memory_bytes"] = report["held"]
            floor["beside_memory_bytes"] = self._load.memory * NEARLY
        return dose, floor, {"beside": {key: value for key, value in report.items() if value is not None}}


def mark_of(mark: str) -> str:
    """The mark of the load beside the job of that mark."""
    return f"{mark}/{PART}"
