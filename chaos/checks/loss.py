"""Lost writes and RPO: the acknowledged writes against what the target held afterwards.

A write is acknowledged when its hit was good, in the baseline as in the play: that is a fact whatever the
instrument's lag was. Timed-out writes count neither way and are listed apart. The instant of the loss is
known only in a drill; elsewhere the start of the first outage stands for it, or, without an outage, the
play's end. Outside a drill nothing excuses a missing write, so each also counts as lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chaos.checks.exact import Codes, Flags, Times
from chaos.checks.finding import Finding, Outcome
from chaos.checks.observation import observe
from chaos.checks.recovery import read
from chaos.checks.words import many, seconds
from chaos.experiment import Experiment
from chaos.hits import Outcome as Hit
from chaos.journal import Journal
from chaos.stored_hits import PIECE, Numbers

MISSING, PRESENT, DIFFERENT, FOREIGN, DOUBLED = range(5)
HELD = (PRESENT, DIFFERENT, DOUBLED)


@dataclass(frozen=True, slots=True)
class Writes:
    """What is asked of the hits that were writes: arrays of the same length, in order of `due`."""

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
    """The writes beside their read-back: `state` is of the same length."""

    writes: Writes
    state: Codes
    foreign: int  # records the target held that were never due

    @property
    def acknowledged(self) -> Flags:
        return self.writes.acknowledged

    def done_of_missing(self) -> Times:
        """When each missing acknowledged write had been acknowledged, seconds of the run clock."""
        done: Times = self.writes.done[self.acknowledged & (self.state == MISSING)]
        return done

    def count(self, states: tuple[int, ...], *outcomes: Hit) -> int:
        return int((np.isin(self.state, states) & np.isin(self.writes.outcome, outcomes)).sum())


def check(experiment: Experiment, journal: Journal) -> list[Finding]:
    """`lost_writes` against limits.lost_writes, and `rpo` against promise.rpo."""
    limit, promise = experiment.limits.lost_writes, experiment.promise.rpo
    ledger = read_ledger(journal)
    if isinstance(ledger, str):
        readable = (journal.about.get("target") or {}).get("readback", True) is not None
        expected = limit is not None or (readable and bool(len(_writes(journal))))
        outcome = Outcome.UNKNOWN if expected else Outcome.NOT_EXERCISED
        return [
            Finding("loss", "lost_writes", outcome, None, limit, "count", ledger),
            Finding("loss", "rpo", outcome, None, promise, "s", ledger),
        ]
    evidence = _evidence(ledger)
    return [
        _judge_lost(limit, evidence),
        _judge_rpo(promise, ledger, _instant(experiment, journal), evidence),
    ]


def read_ledger(journal: Journal) -> Ledger | str:
    """The ledger, or the sentence that says why nothing can be said about it."""
    writes = _writes(journal)
    if not len(writes):
        return "no write was due"
    if not writes.acknowledged.any():
        return "no write was acknowledged, so none could be lost"
    ended = journal.last("run", "readback", "ended")
    rows = journal.readback
    if ended is not None and not ended.detail.get("complete"):
        return f"the read-back is incomplete: {ended.detail.get('because') or 'no reason given'}"
    if ended is None or rows is None:
        return "the ledger was not read back"
    foreign = rows["state"] == FOREIGN
    state = _states(rows[~foreign], writes.seq)
    if state is None:
        return "the read-back is incomplete: it has no row for some of the writes that were due"
    return Ledger(writes, state, int(np.count_nonzero(foreign)))


def _writes(journal: Journal) -> Writes:
    seq, done, outcome = [np.empty(0, np.int64)], [np.empty(0)], [np.empty(0, np.uint8)]
    for rows in journal.hits.pieces():
        some = rows["seq"] >= 0
        seq.append(rows["seq"][some])
        done.append(rows["done"][some])
        outcome.append(rows["outcome"][some])
    return Writes(np.concatenate(seq), np.concatenate(done), np.concatenate(outcome))


def _states(known: npt.NDArray[np.void], asked: Numbers) -> Codes | None:
    """The state of each write that is asked for; None when some have no row."""
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


def _judge_lost(limit: int | None, evidence: dict[str, Any]) -> Finding:
    lost, acknowledged = evidence["lost_writes"], evidence["acknowledged"]
    because = f"{lost} of {many(acknowledged, 'acknowledged write')} lost"
    if evidence["different"]:
        because += f" ({evidence['missing']} missing, {evidence['different']} with another payload)"
    if evidence["doubled"]:
        because += f", {evidence['doubled']} stored more than once"
    if limit is None:
        outcome, because = Outcome.NOT_EXERCISED, f"{because}, and no limit is set"
    else:
        outcome = Outcome.PASS if lost <= limit else Outcome.FAIL
        because += f", {limit} allowed"
    return Finding("loss", "lost_writes", outcome, lost, limit, "count", because, evidence)


def _judge_rpo(
    promise: float, ledger: Ledger, instant: tuple[float, str], evidence: dict[str, Any]
) -> Finding:
    at, which = instant
    missing = ledger.done_of_missing()
    rpo = max(0.0, at - float(missing.min())) if len(missing) else 0.0
    first = float(ledger.writes.done[ledger.acknowledged].min())
    breakable = at - first > promise
    evidence = {**evidence, "instant_of_loss": at, "instant_is": which, "breakable": breakable}
    outcome = Outcome.PASS if rpo <= promise else Outcome.FAIL
    sign = "≤" if outcome is Outcome.PASS else ">"
    because = f"RPO {seconds(rpo)} {sign} {seconds(promise)}, the loss taken at {which}"
    if not breakable:
        outcome = Outcome.NOT_EXERCISED
        watched = seconds(max(0.0, at - first))
        because = (
            f"RPO {seconds(rpo)}, but not evidence: the first write was acknowledged {watched} before "
            f"{which}, which could not break the promise of {seconds(promise)}"
        )
    return Finding("loss", "rpo", outcome, rpo, promise, "s", because, evidence)


def _instant(experiment: Experiment, journal: Journal) -> tuple[float, str]:
    """What stands for the instant of the loss, on the run clock, and its name."""
    observation = observe(experiment, journal)
    if observation is None:
        done = [np.fmax.reduce(rows["done"]) for rows in journal.hits.pieces()]
        return float(np.nanmax(done)), "the last answer"
    found = read(experiment, journal, observation).seen.found
    return (
        (found[0].start, "the start of the first outage") if found else (observation.ended, "the play's end")
    )


def _evidence(ledger: Ledger) -> dict[str, Any]:
    unsure = (Hit.TIMEOUT, Hit.PENDING)
    refused = (Hit.BAD_STATUS, Hit.REFUSED, Hit.RESET, Hit.BAD_BODY)
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
        "timed_out_present": ledger.count(HELD, *unsure),
        "timed_out_missing": ledger.count((MISSING,), *unsure),
        "refused_present": ledger.count(HELD, *refused),
        "unsent_present": ledger.count(HELD, Hit.UNSENT),
        "never_due_present": ledger.foreign,
    }
