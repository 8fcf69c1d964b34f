"""What else ran on the machine: the share of its processors that neither the target nor midnight used.

The machine's use is sampled as a whole, that of each role by its processes, and midnight's own (its load, and whatever
its steps have started) as one gauge. What is left belongs to others. Older journals lack the last gauge: there nothing
is known of others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chaos.checks.exact import Times
from chaos.checks.text import percent
from chaos.record.events import MachineLooked
from chaos.record.events.run import BUSY
from chaos.record.gauges import Machine, Process, Source
from chaos.record.journal import Journal, Series

LASTS = 3.0
"""Seconds: what others use for less than half of them does not count."""

_NOTHING = Series(np.empty(0), np.empty(0))


def ours(journal: Journal) -> Series:
    """The share of the machine's processors that the target, the load and the steps used; empty if not known."""
    own, cpus = journal.series(Source.MACHINE, Machine.OWN_CPU), journal.manifest.host.cpus
    if not len(own.at) or not cpus:
        return _NOTHING
    used: Times = own.value.copy()
    for source, gauge in journal.gauges():
        if source.startswith(Source.PROCESS) and gauge == Process.CPU:
            of_role = journal.series(source, gauge)
            used += np.interp(own.at, of_role.at, of_role.value, left=0.0, right=0.0)
    return Series(own.at, used / cpus)


def others(journal: Journal) -> Series:
    """The share that other programs used; empty if not known."""
    known, machine = ours(journal), journal.series(Source.MACHINE, Machine.CPU)
    if not len(known.at) or not len(machine.at):
        return _NOTHING
    left = np.interp(known.at, machine.at, machine.value) - known.value
    return Series(known.at, np.clip(_sustained(known.at, left), 0.0, 1.0))


def _sustained(at: Times, left: Times) -> Times:
    """What lasts: the median within `LASTS` around each instant. A process that a step starts counts as ours only once
    it has been seen twice, over a second later."""
    first = np.searchsorted(at, at - LASTS / 2)
    last = np.searchsorted(at, at + LASTS / 2, side="right")
    return np.array([np.median(left[a:b]) for a, b in zip(first, last, strict=True)])


@dataclass(frozen=True, slots=True, order=True)
class Busy:
    """The share of the machine that other programs used, and when."""

    share: float
    when: str

    def __str__(self) -> str:
        return f"{percent(round(self.share, 2))} of the machine {self.when}"


def before_the_play(journal: Journal) -> Busy | None:
    """Return what others used before anything was injected: as measured before the target was brought up, or the median
    over the baseline; the larger of the two. None if not known."""
    looked = journal.latest(MachineLooked)
    found = [] if looked is None or looked.busy is None else [Busy(looked.busy, "at the start")]
    quiet = journal.baseline
    if quiet is not None:
        seen = others(journal).between(quiet.start, quiet.end).value
        found += [Busy(float(np.median(seen)), "during the baseline")] if len(seen) else []
    return max(found, default=None)


def during_the_play(journal: Journal) -> float | None:
    """Return the share used by others on average from the play's start to its end; None if not known."""
    play = journal.play
    seen = others(journal).between(play.start, play.end).value if play is not None else ()
    return float(np.mean(seen)) if len(seen) else None  # one sample can be far off: a process that just began


def attributed(journal: Journal, machine: Series) -> Series:
    """Return the machine's use without what others used more than before the play: the rest is the target's and the
    steps'. If others used most of it already, what they used is left out altogether: then no rise can be told from
    theirs. Unchanged if nothing is known of others."""
    known, quiet = others(journal), journal.baseline
    if not len(known.at) or quiet is None:
        return machine
    before = known.between(quiet.start, quiet.end).value
    usual = float(np.median(before)) if len(before) else 0.0
    usual = 0.0 if usual >= BUSY else usual
    more = np.interp(machine.at, known.at, np.clip(known.value - usual, 0.0, None))
    return Series(machine.at, np.clip(machine.value - more, 0.0, 1.0))
