"""End what is left of a step's jobs: in order, and whatever became of midnight meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chaos.engine import refs, sidecar
from chaos.errors import ControlError, UndoError
from chaos.faults.shared import beside, container_exec
from chaos.faults.shared.job_work import Load
from chaos.host.ordered_end import end_in_order
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import EngineAt, Job

UNSEEN = "the processes of {} cannot be seen: run midnight as root, beside the engine"


def undo_of(job: Job, mark: str, load: Load) -> dict[str, Any]:
    """What `end` needs."""
    if job.container is None:
        return {"mark": mark}
    return {"mark": mark, "container": refs.to_json(job.container), "beside": bool(load)}


def end(undo: Undo, marks: Sequence[str]) -> Evidence:
    """End every process that carries one of the marks, where the step ran; return how. Raises UndoError.

    Also those that have left their session or their parents: the mark is in their environment.
    """
    if "container" not in undo:
        return end_in_order(undo["mark"])
    container = refs.from_json(undo["container"])
    if undo.get("beside"):
        _remove_beside(container.engine, beside.mark_of(undo["mark"]))
    with ThreadPoolExecutor(len(marks)) as pool:
        done = list(pool.map(lambda each: container_exec.stop(container, each), marks))
    if len(done) == 1:
        return done[0]
    return {"processes_stopped": sum(each["processes_stopped"] for each in done), "runs": done}


def _remove_beside(engine: EngineAt, mark: str) -> None:
    try:
        sidecar.remove(engine, mark)
    except ControlError as error:
        raise UndoError(f"{error}; by hand: docker ps -a --filter label={refs.MARK}={mark}") from error
