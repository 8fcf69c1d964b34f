"""The rotation where the logs of a container are: a sidecar with its volumes, within its limits."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaos.engine import mounts, refs, sidecar
from chaos.errors import ControlError, FaultError, RestoreError
from chaos.fault import Evidence, Held, Undo
from chaos.faults import leftovers, subjects
from chaos.handles import ContainerRef
from chaos.host.worker import Worker

FINISHED_WITHIN = 120.0  # seconds for the last syncs of a slow disk


class ContainerRotation:
    """One rotation: begun, held and reported."""

    def __init__(self, container: ContainerRef, mark: str, spec: Mapping[str, Any]) -> None:
        self._container, self._mark, self._spec = container, mark, spec
        self._worker: Worker | None = None

    def undo(self) -> Undo:
        """Raises FaultError, TargetGone."""
        with subjects.acting(self._container, "logrotate") as found:
            left = leftovers.undo(found, self._container, self._mark, Path(self._spec["scratch"]))
        return {**left, "scratch": self._spec["scratch"]}

    def inject(self) -> Evidence:
        """Raises FaultError, TargetGone."""
        try:
            self._worker = Worker("chaos.host.rotation", self._spec, self._mark, self._start)
        except ControlError as error:
            raise subjects.failure("logrotate", error) from error
        return {"logs": self._worker.started["started"], "charged_to": self._worker.started["charged_to"]}

    def hold(self, seconds: float, stop: threading.Event) -> dict[str, Any]:
        """What the sidecar reports; a rotation that failed raises FaultError."""
        assert self._worker is not None
        stop.wait(seconds)
        report = self._worker.finish(timeout=FINISHED_WITHIN)
        if report["code"] not in (None, 0):
            raise FaultError(
                f"logrotate ended with {report['code']}: {report['output'] or 'it printed nothing'}"
            )
        return report

    def _start(self, module: str, mark: str) -> Any:
        return sidecar.start(self._container, module, mark)


def held(report: Mapping[str, Any], floor: Mapping[str, float]) -> Held:
    code, writers = report["code"], report["writers"]
    return Held(
        dose={"rotated_bytes": report["rotated_bytes"], "sync_median_seconds": writers["sync_median"]},
        floor=floor,
        evidence={
            "rotation_seconds": report["seconds"] if code == 0 else None,
            "rotation": "ended" if code == 0 else "still running when the hold ended",
            "writers": writers,
            "charged_to": report["charged_to"],
        },
    )


def restore(undo: Undo) -> Evidence:
    """Remove the sidecar, and what it left on the volume if it was killed. Raises RestoreError."""
    engine, mark = refs.from_json(undo["container"]).engine, undo["mark"]
    try:
        removed = sidecar.remove(engine, mark, settled=1.0)
        cleared = leftovers.remove(undo, [undo["scratch"]])
    except ControlError as error:
        lies = mounts.named(undo["mount"])
        raise RestoreError(
            f"{error}; by hand: docker rm -f $(docker ps -aq -f label={refs.MARK}={mark}), and remove "
            f"{undo['scratch']} from the {lies}"
        ) from error
    return {"containers_removed": removed, "cleared": cleared}
