"""The ledger of a stored run: every write, and what the target had of it afterwards."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from chaos.checks.exact import Codes, Flags, Times
from chaos.record.events import NO_REASON, ReadbackEnded
from chaos.record.hits import UNEXPECTED
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Journal
from chaos.record.stored_hits import PIECE, Numbers

MISSING, PRESENT, DIFFERENT, FOREIGN, DOUBLED, UNASKED = range(6)
HELD = (PRESENT, DIFFERENT, DOUBLED)


@dataclass(frozen=True, slots=True)
class Writes:
    """Columns of the hits that were writes: arrays of the same length, in order of `due`."""

    seq: Numbers
    done: Times
    outcome: Codes

    @property
    def acknowledged(self) -> Flags:
        acknowledged: Flags = self.outcome == Hit.GOOD
        return acknowledged

    def __len__(self) -> int:
        return len(self.seq)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The writes and their read-back: `state` has the same length."""

    writes: Writes
    state: Codes
    foreign: int  # records in the target that were never due
    told: Mapping[str, Any] = field(
        default_factory=dict
    )  # of the read-back: what others have left, what was removed

    @property
    def acknowledged(self) -> Flags:
        """Those whose good answer promised the write, and under a key that is known."""
        promised: Flags = self.writes.acknowledged & (self.state != UNASKED)
        return promised

    def done_of_missing(self) -> Times:
        """When each missing acknowledged write was acknowledged, in seconds of the run clock."""
        done: Times = self.writes.done[self.acknowledged & (self.state == MISSING)]
        return done

    def count(self, states: tuple[int, ...], *outcomes: Hit) -> int:
        return int((np.isin(self.state, states) & np.isin(self.writes.outcome, outcomes)).sum())


def read_ledger(journal: Journal) -> Ledger | str:
    """Return the ledger, or the reason why it cannot be judged."""
    known = writes(journal)
    if not len(known):
        return _without_writes(journal)
    if not known.acknowledged.any():
        return "no write was acknowledged, so none could be lost"
    ended = journal.latest(ReadbackEnded)
    rows = journal.readback
    if ended is not None and not ended.complete:
        return f"the read-back is incomplete: {ended.because or NO_REASON}"
    if ended is None or rows is None:
        return "the ledger was not read back"
    foreign = rows["state"] == FOREIGN
    state = _states(rows[~foreign], known.seq)
    if state is None:
        return "the read-back is incomplete: it lacks some of the writes that were due"
    if not (known.acknowledged & (state != UNASKED)).any():
        return "no write was acknowledged under a key that is known, so none could be lost"
    told = {"apart": ended.apart, "cleanup": ended.cleanup, "unseen": ended.unseen}
    told = {key: value for key, value in told.items() if value is not None}
    return Ledger(known, state, int(np.count_nonzero(foreign)), told)


def _without_writes(journal: Journal) -> str:
    """Return why no hit was a write of the ledger."""
    mix = (journal.manifest.experiment.get("load") or {}).get("mix") or ()
    routes = journal.manifest.target.get("routes") or {}
    known = [routes[name] for name in mix if name in routes]
    if known and not any(route.get("ledger") for route in known):
        return "no route of the load has a ledger"
    return "no write was due"


def numbers(journal: Journal, keys: Collection[int]) -> set[int]:
    """Return the sequence numbers of this run's writes among the target's row keys."""
    base = journal.manifest.ledger.base  # 0 for old runs, whose keys were not their own
    return {key - base for key in keys if key > base}


def writes(journal: Journal) -> Writes:
    """Return every hit of the run that was a write, including the baseline's."""
    seq, done, outcome = [np.empty(0, np.int64)], [np.empty(0)], [np.empty(0, np.uint8)]
    for rows in journal.hits.pieces():
        some = rows["seq"] >= 0
        seq.append(rows["seq"][some])
        done.append(rows["done"][some])
        outcome.append(rows["outcome"][some])
    return Writes(np.concatenate(seq), np.concatenate(done), np.concatenate(outcome))


def sent(journal: Journal) -> Times:
    """Return when each of `writes` was sent, in seconds of the run clock. Only drills need it, and ten million take
    memory."""
    found = [np.empty(0)]
    found += [rows["sent"][rows["seq"] >= 0] for rows in journal.hits.pieces()]
    return np.concatenate(found)


def acknowledged_after(journal: Journal, numbers: Collection[int], instant: float) -> list[int]:
    """Return the numbers whose writes were acknowledged and sent after the instant (run clock)."""
    known = writes(journal)
    late = known.acknowledged & (sent(journal) > instant)
    return sorted(set(numbers) & {int(number) for number in known.seq[late]})


def _states(known: npt.NDArray[np.void], asked: Numbers) -> Codes | None:
    """Return the state of each requested write; None if some have no row."""
    seq, state = known["seq"].copy(), known["state"].copy()
    if np.any(seq[1:] < seq[:-1]):
        order = np.argsort(seq, kind="stable")
        seq, state = seq[order], state[order]
    found = np.empty(len(asked), np.uint8)
    for first in range(0, len(asked), PIECE):
        some = asked[first : first + PIECE]
        index = np.minimum(np.searchsorted(seq, some), len(seq) - 1)
        if not len(seq) or not np.array_equal(seq[index], some):
            return None
        found[first : first + PIECE] = state[index]
    return found


def evidence_of(ledger: Ledger) -> dict[str, Any]:
    unsure = (Hit.TIMEOUT, Hit.PENDING)
    refused = (*UNEXPECTED, Hit.REFUSED, Hit.RESET)
    missing, different = ledger.count((MISSING,), Hit.GOOD), ledger.count((DIFFERENT,), Hit.GOOD)
    lost = ledger.acknowledged & np.isin(ledger.state, (MISSING, DIFFERENT))
    lost_done = ledger.writes.done[lost]
    return {
        "due": len(ledger.writes),
        "acknowledged": int(ledger.acknowledged.sum()),
        "lost_writes": missing + different,
        "missing": missing,
        "different": different,
        "first_lost": [int(seq) for seq in ledger.writes.seq[lost][:20]],
        "oldest_lost": float(lost_done.min()) if len(lost_done) else None,  # acknowledged then, run clock
        "newest_lost": float(lost_done.max()) if len(lost_done) else None,
        "doubled": ledger.count((DOUBLED,), *Hit),
        "not_promised": ledger.count((UNASKED,), Hit.GOOD),
        "timed_out_present": ledger.count(HELD, *unsure),
        "timed_out_missing": ledger.count((MISSING,), *unsure),
        "refused_present": ledger.count(HELD, *refused),
        "unsent_present": ledger.count(HELD, Hit.UNSENT),
        "never_due_present": ledger.foreign,
        **ledger.told,
    }
