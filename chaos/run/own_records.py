"""Records that runs write to a target: read back this run's, count those of other runs apart, and remove those that
the target file says how to remove."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from chaos.load import cleanup, ledger, leftovers, readback
from chaos.load.ledger import State, base_of
from chaos.load.leftovers import Survey
from chaos.plan.planned import Plan
from chaos.plugin.handles import Handles
from chaos.record import hits, store
from chaos.record.event import NOW
from chaos.record.events import ReadbackEnded
from chaos.record.store import RunDir, recording
from chaos.run.threads import in_thread
from chaos.undo.heal import is_locked

__all__ = ["base_of", "read_ledger", "refuse_taken_keys"]

READ_BACK_WITHIN = 60.0  # seconds
OLD = timedelta(days=2)
"""A run that began this long ago is over, on whatever machine."""


async def refuse_taken_keys(plan: Plan, handles: Handles, run: RunDir) -> None:
    """Raises NoVerdict if the target already has a record that this run would write."""
    target, load = plan.target, plan.experiment.load
    if target.readback is None or not any(target.routes[name].ledger for name in load.mix):
        return
    at, base, most = target.readback, base_of(run.id), round(plan.hits)
    await in_thread(lambda: readback.refuse_taken(handles.base_url, at, base, most, handles.headers))


async def read_ledger(plan: Plan, handles: Handles, run: RunDir) -> ReadbackEnded | None:
    """Read back the run's writes for the journal; None if the target has no read-back."""
    at = plan.target.readback
    if at is None:
        return None
    return await in_thread(lambda: _read(plan, handles, run))


def _read(plan: Plan, handles: Handles, run: RunDir) -> ReadbackEnded | None:
    target, url, headers = plan.target, handles.base_url, handles.headers
    table, base = hits.open_table(run.hits), base_of(run.id)
    result = readback.read_back(url, target.readback, table, base, timeout=READ_BACK_WITHIN, headers=headers)
    if result is None or target.readback is None:
        return None
    told = ReadbackEnded(NOW, complete=result.complete, reads=result.reads, because=result.because)
    wrote = int(max(table["seq"], default=0))
    if not result.complete or wrote <= 0:
        return told
    with recording(run.path):
        np.save(run.readback, result.rows)
    found = leftovers.survey(url, target.readback, base, wrote, headers=headers)
    cleaned: dict[str, Any] | None = None
    if target.cleanup is not None:
        own, earlier = _present(base, result.rows), _of_ended_runs(found)
        done = cleanup.clean(url, target.cleanup, [*own, *earlier], headers=headers)
        ours = len(set(own).intersection(done.removed))
        removed = {"own": ours, "earlier": len(done.removed) - ours}
        left = cleanup.count_left(url, target.readback, base, wrote, headers=headers)
        cleaned = {"removed": removed, "left": left, "spared": len(found.keys) - len(earlier)}
        cleaned |= {"because": done.because} if done.because else {}
    return replace(told, apart=found.to_json(), cleanup=cleaned)


def _present(base: int, rows: npt.NDArray[np.void]) -> list[int]:
    """Return the keys of this run's records that are present as written."""
    held = np.isin(rows["state"], (State.PRESENT, State.DOUBLED))
    return [base + int(seq) for seq in rows["seq"][held]]


def _of_ended_runs(found: Survey) -> list[int]:
    """Return the keys of runs that have certainly ended: another machine's run may still be reading back."""
    if not found.keys:
        return []
    today = datetime.now(UTC).date()
    here = {name: run for run in store.all_runs() if (name := _marker(run)) is not None}
    over = {name: _is_over(name, here, today) for name in found.records}
    return [key for key in found.keys if over[ledger.marker(key)]]


def _is_over(name: str, here: dict[str, RunDir], today: date) -> bool:
    began = datetime.strptime(name.partition("-")[0], "%Y%m%d").date()
    return began + OLD <= today or (name in here and not is_locked(here[name]))


def _marker(run: RunDir) -> str | None:
    try:
        return ledger.marker(base_of(run.id))
    except ValueError:
        return None
