"""Outages: when service was out and when it was back. Pure, over due times and which hits were good.

The play is cut into windows of `rule.window` seconds from its start; a window without hits says nothing,
so the state before it goes on. An outage begins with the due time of the first bad hit of the first window
whose ratio of good hits is below `rule.below`, and ends with that of the first good hit from which service
is sustained: of the hits due in the `rule.sustained` seconds from it on, itself included, there are at
least two, the ratio is not below, and all of that stretch was observed. So a single lucky request is no
recovery, and neither is a good end that was not watched for long enough.

A window below the ratio is a blip, and no outage, when the hits due in the `rule.sustained` seconds from
its first hit on (or in what is left of the observation) are not below the ratio: service was sustained. So
it was too when service was sustained from a later hit of it on that is due before its first bad one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chaos.checks.exact import Counts, Flags, Times, meets
from chaos.experiment import Outage as Rule


@dataclass(frozen=True, slots=True)
class Outage:
    """From `start` to `end` in the clock of the hits; `end` is None when it outlasted the observation."""

    start: float
    end: float | None
    observed: float  # where the observation ended

    @property
    def length(self) -> float:
        """Seconds; at least so many when it did not end."""
        return (self.observed if self.end is None else self.end) - self.start


def outages(due: Times, good: Flags, start: float, end: float, rule: Rule) -> list[Outage]:
    """Every outage among the hits due in [start, end), in order of time. `due` is ascending."""
    if len(due) == 0:
        return []
    window = np.floor((due - start) / rule.window).astype(np.int64)
    firsts = np.unique(window, return_index=True)[1]
    low, high = np.searchsorted(due, due), np.searchsorted(due, due + rule.sustained)
    before = np.concatenate(([0], np.cumsum(good)))
    sustained = _ratio_met(before, low, high, rule.below)
    recovers = good & sustained & (high - low >= 2) & (due + rule.sustained <= end)
    below = ~_ratio_met(before, firsts, np.append(firsts[1:], len(due)), rule.below)
    found: list[Outage] = []
    back = -np.inf  # when the last outage ended
    for first in firsts[below & ~sustained[firsts]]:
        if due[first] <= back:
            continue
        begin = first + np.argmin(good[first:])  # a window below the ratio has a bad hit
        later = np.flatnonzero(recovers[first:])
        if len(later) == 0:
            found.append(Outage(float(due[begin]), None, end))
            break
        back = float(due[first + later[0]])
        if back > due[begin]:
            found.append(Outage(float(due[begin]), back, end))
    return found


def _ratio_met(before: Counts, low: Counts, high: Counts, ratio: float) -> Flags:
    """Whether the hits [low, high) meet the ratio; `before[i]` counts the good ones before hit i."""
    return meets(before[high] - before[low], high - low, ratio)
