"""Records that runs write to a target: read back this run's, count those of other runs apart, and remove those that
the target file says how to remove."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from chaos.load import cleanup, ledger, leftovers, readback, written
from chaos.load.ledger import State, base_of
from chaos.load.leftovers import Survey
from chaos.load.readback import Place, ReadbackResult
from chaos.load.written import Written
from chaos.plan.planned import Plan
from chaos.plugin.handles import Handles
from chaos.record import hits, store
from chaos.record.event import NOW
from chaos.record.events import ReadbackEnded
from chaos.record.hits import HitTable, Outcome
from chaos.record.store import RunDir, recording
from chaos.run import ledger_places
from chaos.run.threads import in_thread
from chaos.undo.locks import is_locked

__all__ = ["base_of", "read_ledger", "refuse_taken_keys"]

READ_BACK_WITHIN = 60.0  # seconds
SLOW = 3.0  # times as long as a GET for each key takes at its rate: that much longer may it take
OLD = timedelta(days=2)
"""A run that began this long ago is over, on whatever machine."""


class _Sent:
    """What the run's own records tell of its writes."""

    def __init__(self, plan: Plan, run: RunDir) -> None:
        self.table, self.base = hits.open_table(run.hits), base_of(run.id)
        self._mix, self._noted = list(plan.experiment.load.mix), written.read_notes(run.keys)

    def to(self, place: Place) -> Written:
        return self._of(place, self.table)

    def first_to(self, place: Place) -> Written:
        """Some of those that were acknowledged first."""
        table, code = self.table, self._mix.index(place.route)
        good = (table["route"] == code) & (table["seq"] >= 0) & (table["outcome"] == Outcome.GOOD)
        return self._of(place, table[good][: readback.FEW])

    def _of(self, place: Place, table: HitTable) -> Written:
        return written.of_route(place.ledger, table, self._mix.index(place.route), self.base, self._noted)


@dataclass(frozen=True, slots=True)
class _Read:
    """The writes of one route, and what was found of them."""

    place: Place
    written: Written
    result: ReadbackResult


async def refuse_taken_keys(plan: Plan, handles: Handles, run: RunDir) -> None:
    """Raises NoVerdict if the target already has a record that this run would write, or cannot be read back."""
    base, most = base_of(run.id), round(plan.hits)
    for place in ledger_places.places(plan, handles):
        await in_thread(partial(readback.refuse_taken, place, base, most))


async def refuse_unfound(plan: Plan, handles: Handles, run: RunDir) -> None:
    """Raises NoVerdict if none of the first writes that the baseline acknowledged can be read back."""
    await in_thread(lambda: _look_for_the_first(plan, handles, run))


def _look_for_the_first(plan: Plan, handles: Handles, run: RunDir) -> None:
    sent = _Sent(plan, run)
    for place in ledger_places.places(plan, handles):
        readback.refuse_unfound(place, sent.first_to(place))


async def read_ledger(
    plan: Plan, handles: Handles, run: RunDir, once_read: Callable[[], None]
) -> ReadbackEnded | None:
    """Read back the run's writes for the journal; None if the target has no read-back. In between, once they are read
    and before any are removed, call `once_read`, in a thread."""
    return await in_thread(lambda: _read(plan, handles, run, once_read))


def _read(
    plan: Plan, handles: Handles, run: RunDir, once_read: Callable[[], None] = lambda: None
) -> ReadbackEnded | None:
    places = list(ledger_places.places(plan, handles))
    if not places:
        once_read()
        return None
    sent = _Sent(plan, run)
    read = []
    for place in places:
        own = sent.to(place)
        read.append(_Read(place, own, readback.read_back(place, own, timeout=_within(place, own))))
    once_read()
    told = _told(read)
    wrote = int(max(sent.table["seq"], default=0))
    if not told.complete or wrote <= 0:
        return told
    with recording(run.path):
        np.save(run.readback, _rows([each.result.rows for each in read], sent.table))
    surveys = {place.route: leftovers.survey(place, sent.base, wrote) for place in _distinct(places)}
    apart = [survey for survey in surveys.values() if survey is not None]
    cleaned = [_clean(each, surveys.get(each.place.route)) for each in read if each.place.ledger.remove]
    return replace(
        told,
        apart=_merged(apart).to_json() if apart else None,
        cleanup=_summed(cleaned) if cleaned else None,
    )


def _within(place: Place, own: Written) -> float:
    """Seconds that a read-back may take."""
    read = place.ledger.read
    return READ_BACK_WITHIN + (SLOW * len(own.keys.numbers) / read.rate if read.kind == "get" else 0.0)


def _told(read: Sequence[_Read]) -> ReadbackEnded:
    """What all routes together came to."""
    several = len(read) > 1
    reasons = [
        f"{each.place.route}: {each.result.because}" if several else each.result.because for each in read
    ]
    return ReadbackEnded(
        NOW,
        complete=all(each.result.complete for each in read),
        reads=min(each.result.reads for each in read),
        because="; ".join(reasons),
        unseen="; ".join(dict.fromkeys(each.result.blind for each in read if each.result.blind)) or None,
    )


def _rows(parts: Sequence[npt.NDArray[np.void]], table: HitTable) -> npt.NDArray[np.void]:
    """The rows of all routes: what is foreign to one may be a write of another."""
    rows = np.concatenate(parts)
    foreign = (rows["state"] == State.FOREIGN) & np.isin(rows["seq"], table["seq"])
    return np.unique(rows[~foreign])


def _distinct(places: Sequence[Place]) -> list[Place]:
    """One place of those that read the same list."""
    return list({(place.ledger.read.list, place.ledger.key): place for place in places}.values())


def _merged(surveys: Sequence[Survey]) -> Survey:
    first, *others = surveys
    for each in others:
        first.records += each.records
        first.others += each.others
        first.whole, first.because = first.whole and each.whole, first.because or each.because
    return first


def _clean(read: _Read, survey: Survey | None) -> dict[str, Any]:
    """Remove what the route's write has left; the event's object about it."""
    place, found = read.place, survey or Survey()
    assert place.ledger.remove is not None
    own, earlier = list(read.result.own), _of_ended_runs(found)
    done = cleanup.clean(place, place.ledger.remove, read.written.keys, [*own, *earlier])
    ours = len(set(own).intersection(done.removed))
    removed = {"own": ours, "earlier": len(done.removed) - ours}
    left = cleanup.count_left(place, read.written.keys, own)
    cleaned: dict[str, Any] = {"removed": removed, "left": left, "spared": len(found.keys) - len(earlier)}
    return cleaned | ({"because": done.because} if done.because else {})


def _summed(cleaned: Sequence[dict[str, Any]]) -> dict[str, Any]:
    removed = Counter[str]()
    for each in cleaned:
        removed.update(each["removed"])
    left = [each["left"] for each in cleaned]
    because = "; ".join(each["because"] for each in cleaned if "because" in each)
    return {
        "removed": {key: removed[key] for key in ("own", "earlier")},
        "left": None if None in left else sum(left),
        "spared": sum(each["spared"] for each in cleaned),
    } | ({"because": because} if because else {})


def _of_ended_runs(found: Survey) -> list[str]:
    """Return the keys of runs that have certainly ended: another machine's run may still be reading back."""
    if not found.keys:
        return []
    today = datetime.now(UTC).date()
    here = {name: run for run in store.all_runs() if (name := _marker(run)) is not None}
    over = {name: _is_over(name, here, today) for name in found.records}
    return [key for name, key in found.keys if over[name]]


def _is_over(name: str, here: dict[str, RunDir], today: date) -> bool:
    began = datetime.strptime(name.partition("-")[0], "%Y%m%d").date()
    return began + OLD <= today or (name in here and not is_locked(here[name]))


def _marker(run: RunDir) -> str | None:
    try:
        return ledger.marker(base_of(run.id))
    except ValueError:
        return None
