"""The one undo: for the runner's sweep, the watchdog and `midnight undo`."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from chaos.errors import MidnightError, UndoError
from chaos.host.processes import MARK
from chaos.plugin import registry
from chaos.plugin.fault import Evidence, Undo
from chaos.record import store
from chaos.record.inventory.differences import Comparison
from chaos.record.journal import Clock, Event, Writer, boot_id, read_events
from chaos.record.store import RunDir
from chaos.undo.inventory import taking

OPENING = {"injecting", "creating"}
CLOSING = {"undone", "removed"}

Record = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Outstanding:
    """Something that was begun and not yet undone."""

    source: str
    name: str
    by: str
    undo: Undo


@dataclass(frozen=True, slots=True)
class Healed:
    """How undoing one thing went; `error` is None when it is undone and verified."""

    what: Outstanding
    evidence: Evidence
    error: str | None


def outstanding(run: RunDir) -> list[Outstanding]:
    """What the journal says was begun and not undone: what is `urgent` first, because the undoing of others
    would wait for it (a write limit holds up every dying writer); the rest newest first."""
    still: dict[tuple[str, str], Outstanding] = {}
    for event in _everything_known(run):
        key = (event.source, event.name)
        if event.phase in OPENING and {"by", "undo"} <= event.detail.keys():
            still.pop(key, None)
            still[key] = Outstanding(event.source, event.name, event.detail["by"], event.detail["undo"])
        elif event.phase in CLOSING:
            still.pop(key, None)
    return sorted(reversed(still.values()), key=lambda what: not what.undo.get("urgent", False))


def _everything_known(run: RunDir) -> list[Event]:
    """The run's events, and those kept apart of which its own record was damaged or deleted."""
    places = (run,) if run == store.kept(run) else (store.kept(run), run)
    known = {
        (event.at, event.source, event.name, event.phase): event
        for place in places
        for event in read_events(place)
    }
    return sorted(known.values(), key=lambda event: event.at)


def keep(run: RunDir) -> Record:
    """Writes who plays, what is begun and what is undone a second time, outside of the run's directory.

    For the listeners of the run's journal: it is on the disk before anything is done. Raises OSError.
    """

    def record(event: Event) -> None:
        begun = (event.source, event.phase) == ("run", "begun")
        if begun or event.phase in OPENING or event.phase in CLOSING:
            writer = Writer(store.kept(run).events)
            try:
                writer.event(event, sync=True)
            finally:
                writer.close()

    return record


@contextmanager
def playing(run: RunDir) -> Iterator[None]:
    """Hold the run's locks, and have it listed as not healed. Raises UndoError, OSError."""
    store.kept(run).path.mkdir(parents=True, exist_ok=True)
    with hold_lock(run, wait=5.0), hold_lock(store.kept(run)):
        store.mark_unhealed(run)
        yield


LEFT_BEHIND = Outstanding("inventory", "left_behind", "", {})
"""What stands for everything that differs from before the run although its steps are undone."""


def undo(what: Outstanding) -> Healed:
    """Undo one thing; what goes wrong is in the result, so that the next thing is still undone."""
    try:
        return Healed(what, registry.undo_of(what.by)(what.undo), None)
    except MidnightError as error:
        return Healed(what, {}, str(error))
    except Exception as error:  # an undo of somebody else's may raise anything; the rest must be undone
        return Healed(what, {}, f"{type(error).__name__}: {error}")


def heal(run: RunDir, record: Record, now: Callable[[], float]) -> list[Healed]:
    """Undo everything outstanding, newest first. Call it with the run's lock held.

    What fails is tried again as long as something else was undone meanwhile: it may have waited for just that (in a
    container that stands still nothing ends). A journal that cannot be written (a full disk) does not stop the
    undoing.
    """
    done: dict[tuple[str, str], Healed] = {}
    left, before = outstanding(run), -1
    compared = run.inventory_after.exists() and not any(what.source == "step" for what in left)
    while left and len(left) != before:
        before = len(left)
        results = []
        for number, what in enumerate(left):
            if not compared and not any(later.source == "step" for later in left[number:]):
                compared = True  # what the target was reached with is undone last
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
    """Compare what is somebody else's with how it was before the run; a result only where something is left behind."""
    try:
        found = taking.after(run)
    except Exception as error:  # whatever it is, the rest must still be undone
        found = Comparison((), (), (f"{type(error).__name__}: {error}",))
    if found is None:
        return None
    left, unread = [str(each) for each in found.left], list(found.unread)
    with suppress(OSError):
        record(Event(now(), "inventory", "after", "taken", {"left": left, "unread": unread}))
    return Healed(LEFT_BEHIND, {}, f"not as before the run: {'; '.join(left)}") if left else None


def _undone(what: Outstanding, record: Record, now: Callable[[], float]) -> Healed:
    """Undo one thing, and have it recorded how that went."""
    result = undo(what)
    if result.error is None:
        closing = "undone" if what.source == "step" else "removed"
        event = Event(now(), what.source, what.name, closing, {"evidence": result.evidence})
    else:
        event = Event(now(), what.source, what.name, "undo failed", {"because": result.error})
    with suppress(OSError):
        record(event)
    return result


def heal_elsewhere(run: RunDir, healer: str, *, wait: float, patience: float = 0.0) -> list[Healed]:
    """Heal a run whose own process is gone, as `healer`; what fails is tried again for `patience` seconds.

    Gives the last result of each. Raises UndoError while another holds the run's lock for `wait` seconds,
    and when nothing is left that tells what the run began.
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
                time.sleep(0.5)  # a child of the dead runner may still be busy with what has to be undone
                again = heal(run, lambda event: writer.event(event, sync=True), clock.now)
                found = [result for result in found if not _is_left(result)] + again
            summary = {
                "undone": sum(r.error is None for r in found),
                "failed": sum(bool(r.error) for r in found),
            }
            with suppress(OSError):
                writer.event(Event(clock.now(), "healer", healer, "ended", summary), sync=True)
        finally:
            writer.close()
        return found


def _is_left(result: Healed) -> bool:
    """Whether it was not undone; what is left behind is found out once, and not tried again."""
    return result.error is not None and result.what != LEFT_BEHIND


@contextmanager
def hold_lock(run: RunDir, *, wait: float = 0.0, shared: bool = False) -> Iterator[None]:
    """Hold the run's lock: the kernel gives it back however its holder ends. Raises UndoError.

    `shared` is for a mere look: looks do not disturb each other.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with run.lock.open("r" if shared else "a") as file:
        end = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # flock has no timed wait; the holder's exit gives no event that another process can await
                if time.monotonic() >= end:
                    raise UndoError(f"run {run.id} is being played or healed by another process") from None
                time.sleep(0.05)
        yield


def is_locked(run: RunDir) -> bool:
    """Whether a process is playing or healing the run right now. Creates nothing."""
    if not run.lock.exists():
        return False
    try:
        with hold_lock(run, shared=True):
            return False
    except UndoError:
        return True


def _nothing_known(run: RunDir) -> str:
    return (
        f"run {run.id}: its directory was deleted, and with it the record of what it began; by hand: end the "
        f"processes that have {MARK}={run.id} in their environment, unmount and detach what `mount` and "
        f"`losetup` show of {run.id}, then delete {store.entry_of(run)}"
    )


def _clock_of(run: RunDir) -> Clock:
    """The run's own clock, or after a reboot one that goes on from the journal's last event."""
    events = read_events(run)
    begun = next((event for event in events if event.source == "run" and event.phase == "begun"), None)
    if begun is not None and begun.detail.get("boot") == boot_id():
        return Clock(begun.detail["monotonic"])
    return Clock(time.monotonic() - (events[-1].at if events else 0.0))
