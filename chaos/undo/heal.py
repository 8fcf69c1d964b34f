"""The only undo: used by the runner's sweep, the watchdog and `midnight undo`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from chaos.errors import MidnightError, UndoError
from chaos.host.processes import MARK
from chaos.plugin import registry
from chaos.plugin.fault import Evidence, Undo
from chaos.record import events, store
from chaos.record.event import Recorded
from chaos.record.inventory.differences import Comparison
from chaos.record.journal import Clock, Event, Writer, boot_id, read_events
from chaos.record.store import RunDir
from chaos.undo.locks import hold_lock, is_locked

Record = Callable[[Event | Recorded], None]


@dataclass(frozen=True, slots=True)
class Outstanding:
    """Something begun and not yet undone."""

    source: str
    name: str
    by: str
    undo: Undo


@dataclass(frozen=True, slots=True)
class Healed:
    """The result of one undo; `error` is None if it is undone and verified."""

    what: Outstanding
    evidence: Evidence
    error: str | None


def outstanding(run: RunDir) -> list[Outstanding]:
    """Return what the journal shows as begun and not undone. `urgent` ones come first, because other undos would wait
    for them (a write limit blocks every dying writer); the rest newest first."""
    still: dict[tuple[str, str], Outstanding] = {}
    for event in _everything_known(run):
        key = (event.source, event.name)
        if opening := events.opening(event):
            still.pop(key, None)
            still[key] = Outstanding(event.source, event.name, opening.by, opening.undo)
        elif events.closes(event):
            still.pop(key, None)
    return sorted(reversed(still.values()), key=lambda what: not what.undo.get("urgent", False))


def _everything_known(run: RunDir) -> list[Event]:
    """Return the run's events, plus those of the second copy that its own record lost."""
    places = (run,) if run == store.kept(run) else (store.kept(run), run)
    known = {
        (event.at, event.source, event.name, event.phase): event
        for place in places
        for event in read_events(place)
    }
    return sorted(known.values(), key=lambda event: event.at)


def keep(run: RunDir) -> Callable[[Event], None]:
    """Write a second copy of who plays, what is begun and what is undone, outside the run directory.

    A listener of the run's journal: the copy is on disk before anything is done. Raises OSError.
    """

    def record(event: Event) -> None:
        begun = (event.source, event.phase) == (events.RunBegun.source, events.RunBegun.phase)
        if begun or event.phase in events.OPENING or events.closes(event):
            writer = Writer(store.kept(run).events)
            try:
                writer.event(event, sync=True)
            finally:
                writer.close()

    return record


@contextmanager
def playing(run: RunDir) -> Iterator[None]:
    """Hold the run's locks, and list it as not healed. Raises UndoError, OSError."""
    store.kept(run).path.mkdir(parents=True, exist_ok=True)
    with hold_lock(run, wait=5.0), hold_lock(store.kept(run)):
        store.mark_unhealed(run)
        yield


LEFT_BEHIND = Outstanding("inventory", "left_behind", "", {})
"""Represents everything that differs from before the run although its steps are undone."""


def undo(what: Outstanding) -> Healed:
    """Undo one thing. Errors go into the result, so that the next thing is still undone."""
    try:
        return Healed(what, registry.undo_of(what.by)(what.undo), None)
    except MidnightError as error:
        return Healed(what, {}, str(error))
    except Exception as error:  # a plugin's undo may raise anything; the rest must be undone
        return Healed(what, {}, f"{type(error).__name__}: {error}")


def heal(run: RunDir, record: Record, now: Callable[[], float]) -> list[Healed]:
    """Undo everything outstanding, newest first. Call it with the run's lock held.

    Failures are retried as long as something else was undone meanwhile, since they may have depended on it (nothing
    ends in a paused container). A journal that cannot be written (full disk) does not stop the undo.
    """
    done: dict[tuple[str, str], Healed] = {}
    left, before = outstanding(run), -1
    compared = run.inventory_after.exists() and not any(what.source == "step" for what in left)
    while left and len(left) != before:
        before = len(left)
        results = []
        for number, what in enumerate(left):
            if not compared and not any(later.source == "step" for later in left[number:]):
                compared = True  # the access to the target is undone last
                done |= _key(_left_behind(run, record, now))
            results.append(_undone(what, record, now))
        done |= _key(*results)
        left = [result.what for result in results if result.error is not None]
    if not compared:
        done |= _key(_left_behind(run, record, now))
    store.free_reserve(run)
    if not left:
        store.mark_healed(run)
    return list(done.values())


def _key(*results: Healed | None) -> dict[tuple[str, str], Healed]:
    return {(each.what.source, each.what.name): each for each in results if each is not None}


def _left_behind(run: RunDir, record: Record, now: Callable[[], float]) -> Healed | None:
    """Compare an attached target with its inventory from before the run. Returns a result only if something is left."""
    try:
        # imports the engine and PostgreSQL, and the watchdog, which is to be small, seldom needs it
        from chaos.undo.inventory import taking

        found = taking.after(run)
    except Exception as error:  # any error: the rest must still be undone
        found = Comparison((), (), (f"{type(error).__name__}: {error}",))
    if found is None:
        return None
    left = tuple(str(each) for each in found.left)
    with suppress(OSError):
        record(events.InventoryAfter(now(), left=left, unread=found.unread))
    return Healed(LEFT_BEHIND, {}, f"not as before the run: {'; '.join(left)}") if left else None


def _undone(what: Outstanding, record: Record, now: Callable[[], float]) -> Healed:
    """Undo one thing, and record the result."""
    result = undo(what)
    with suppress(OSError):
        record(events.undoing(now(), what.source, what.name, result.evidence, result.error))
    return result


def heal_elsewhere(run: RunDir, healer: str, *, wait: float, patience: float = 0.0) -> list[Healed]:
    """Heal a run whose own process is gone, as `healer`. Failures are retried for `patience` seconds.

    Returns the last result of each undo. Raises UndoError if another process holds the run's lock for `wait` seconds,
    or if no record is left of what the run began.
    """
    run = store.record_of(run)
    if not run.path.is_dir():
        raise UndoError(_nothing_known(run))
    with hold_lock(run, wait=wait):
        clock = _clock_of(run)
        writer = Writer(run.healer_events)
        end = time.monotonic() + patience
        try:
            found = heal(run, lambda event: writer.event(event, sync=True), clock.now)
            while any(_is_left(result) for result in found) and time.monotonic() < end:
                time.sleep(0.5)  # a child of the dead runner may still be using what must be undone
                again = heal(run, lambda event: writer.event(event, sync=True), clock.now)
                found = [result for result in found if not _is_left(result)] + again
            undone, failed = sum(r.error is None for r in found), sum(bool(r.error) for r in found)
            ended = events.HealerEnded(clock.now(), healer, undone=undone, failed=failed)
            with suppress(OSError):
                writer.event(ended, sync=True)
        finally:
            writer.close()
        return found


def _is_left(result: Healed) -> bool:
    """Return True if it must be retried; leftovers are reported once and not retried."""
    return result.error is not None and result.what != LEFT_BEHIND


def in_progress() -> list[RunDir]:
    """Return the runs that are being played or healed on this machine, oldest first."""
    return [run for run in store.unhealed_runs() if is_locked(run)]


def _nothing_known(run: RunDir) -> str:
    return (
        f"run {run.id}: its directory was deleted, and with it the record of what it began. By hand: end the "
        f"processes with {MARK}={run.id} in their environment, unmount and detach what `mount` and "
        f"`losetup` show of {run.id}, then delete {store.entry_of(run)}"
    )


def _clock_of(run: RunDir) -> Clock:
    """Return the run's clock; after a reboot, one that continues from the journal's last event."""
    found = read_events(run)
    begun = next((each for event in found if (each := events.RunBegun.of(event)) is not None), None)
    if begun is not None and begun.monotonic is not None and begun.boot == boot_id():
        return Clock(begun.monotonic)
    return Clock(time.monotonic() - (found[-1].at if found else 0.0))
