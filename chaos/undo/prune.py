"""Delete stored runs, never one that is in progress or not healed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos.errors import UndoError
from chaos.record import store
from chaos.record.store import RunDir
from chaos.undo.locks import hold_lock, is_locked

GRAVES = ".pruned"


@dataclass(frozen=True, slots=True)
class Pruned:
    """The result for one run: `spared` is the reason why it was kept, None if it is deleted (or would be)."""

    run: RunDir
    room: int  # bytes on the disk
    spared: str | None = None


def prune(runs: Iterable[RunDir], *, dry_run: bool) -> list[Pruned]:
    """Delete the runs, each atomically; with `dry_run` only return what would be deleted."""
    unhealed = {run.path.resolve() for run in store.unhealed_runs()}
    done = [_prune(run, run.path.resolve() in unhealed, dry_run) for run in runs]
    if not dry_run:
        _sweep(store.reports_dir())
    return done


def _prune(run: RunDir, unhealed: bool, dry_run: bool) -> Pruned:
    if unhealed:
        return Pruned(run, 0, f"not healed; run `midnight undo {run.id}`")
    room = room_of(run.path)
    try:
        if dry_run:
            return Pruned(run, room, "in progress or being healed" if is_locked(run) else None)
        with hold_lock(run):
            _delete(run)
    except UndoError:
        return Pruned(run, 0, "in progress or being healed")
    except OSError as error:
        return Pruned(run, 0, f"cannot delete: {error}")
    return Pruned(run, room)


def _delete(run: RunDir) -> None:
    """Rename first: what a kill leaves of a deleted run must not look like a run."""
    grave = run.path.parent.parent / GRAVES / run.path.parent.name / run.id
    grave.parent.mkdir(parents=True, exist_ok=True)
    run.path.rename(grave)
    shutil.rmtree(grave)


def _sweep(reports: Path) -> None:
    """Delete what a killed deletion has left."""
    shutil.rmtree(reports / GRAVES, ignore_errors=True)


def room_of(directory: Path) -> int:
    """Return the bytes that a directory's files take on disk; sparse files take less than their size."""
    room = 0
    for file in directory.rglob("*"):
        with suppress(FileNotFoundError):
            room += file.lstat().st_blocks * 512
    return room
