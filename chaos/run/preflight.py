"""Checks that refuse a run before anything is touched."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

import psutil

from chaos.errors import Refused, UndoError
from chaos.plugin.driver import Wants
from chaos.record import store
from chaos.undo.heal import Healed, heal_elsewhere
from chaos.undo.locks import is_locked

MOST_OF_THE_MACHINE = 0.5  # of the free disk, and of the available memory


def refuse_when_halted() -> None:
    """Raises Refused if runs are halted on this machine."""
    if store.halt_file().exists():
        raise Refused("runs are halted on this machine; allow them with `midnight halt off`")


def refuse_what_hurts(
    wants: Wants,
    staging: Mapping[str, float] = MappingProxyType({}),
    place: Path | None = None,
    records: int = 0,
) -> None:
    """Raises Refused if the target and the faults' `staging` (`machine.disk` and `machine.memory`, bytes) would take
    more than half of what the machine has free. The disk is that of `place`, by default the temporary directory.
    `records`: bytes that the run itself writes to the reports directory."""
    place = place or Path(tempfile.gettempdir())
    reports = next(path for path in (store.reports_dir(), *store.reports_dir().parents) if path.exists())
    if reports.stat().st_dev != place.stat().st_dev:
        _refuse(reports, records, 0)
        records = 0
    disk = wants.disk + staging.get("machine.disk", 0) + records
    _refuse(place, disk, wants.memory + staging.get("machine.memory", 0))


def _refuse(place: Path, disk: float, memory: float) -> None:
    """Raises Refused if this is more than half of the free disk of `place`, or of the available memory."""
    if _in_memory(place):
        memory += disk
    free, available = shutil.disk_usage(place).free, psutil.virtual_memory().available
    for what, wanted, left in (
        (f"free disk of {place}", disk, free),
        ("available memory", memory, available),
    ):
        if wanted > left * MOST_OF_THE_MACHINE:
            more = wanted / MOST_OF_THE_MACHINE - left
            raise Refused(
                f"this run would take {_size(wanted)}, more than half of the {what} ({_size(left)}): "
                f"free {_size(more)} more"
            )


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _in_memory(place: Path) -> bool:
    """Return True if files in this directory use memory (tmpfs)."""
    mounts = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    real = place.resolve()
    return next((mounts[path] for path in (real, *real.parents) if path in mounts), "") in {"tmpfs", "ramfs"}


def heal_earlier_runs() -> list[Healed]:
    """Heal what earlier runs left behind, except runs in progress. Raises UndoError if something cannot be undone:
    no new run starts on such a machine."""
    done: list[Healed] = []
    for run in store.unhealed_runs():
        if not is_locked(run):
            done += heal_elsewhere(run, "next run", wait=0.0)
    if failed := [result for result in done if result.error]:
        raise UndoError(f"an earlier run could not be undone: {failed[0].what.name}: {failed[0].error}")
    return done


@contextmanager
def target_lock(target: str, aim: str) -> Iterator[Callable[[str], None]]:
    """Keep two runs off the same target. Yields a function that records the id of the holding run.

    Raises Refused, naming that run.
    """
    path = store.lock_file(aim)
    with _open(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "that is just starting"
            at = "" if aim == target else f" ({aim})"
            raise Refused(f"target {target!r}{at} is in use by run {holder}") from None

        def taken(run: str) -> None:
            file.truncate(0)
            file.write(run)
            file.flush()

        taken("")
        try:
            yield taken
        finally:
            taken("")


def _open(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+")
    except OSError as error:
        raise Refused(f"{path}: cannot write: {error.strerror}") from error
