"""What a Prometheus counted, moment by moment: events and good ones, each between two bounds, as a scrape may be
missing, and a counter that appears may have counted before."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

Series = Sequence[float | None]
"""The values of one series, at instants that are equally far apart; None where it has none."""

MISSED = 2.5  # steps between two values: one scrape may fail, two in a row are a gap
ROUNDING = 1 + Fraction(1, 10**9)  # of what Prometheus computes with floating point
UNLIKELY = 1e300  # infinite, or added up to it

ONE = Fraction(1)
NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class Between:
    """A number of events, or a share of them, of which only bounds are known."""

    least: Fraction
    most: Fraction

    def __add__(self, other: Between) -> Between:
        return Between(self.least + other.least, self.most + other.most)


ZERO = Between(NOTHING, NOTHING)
ALL = Between(ONE, ONE)
ANYTHING = Between(NOTHING, ONE)


def exact(value: float) -> Fraction:
    """The value as Prometheus wrote it: 0.6 is not the float nearest to it."""
    return Fraction(str(value))


@dataclass(frozen=True, slots=True)
class Moment:
    """`part` of the events `of` a moment. `blind`: some may be those of its neighbours."""

    at: float  # seconds after the first instant
    part: Between
    of: Between
    blind: bool = False


class Unjudged(Exception):
    """The reason why there is nothing to judge."""


def share(moments: Sequence[Moment], *, is_whole: bool) -> Between | None:
    """The share of the part in all events of these moments; None without any. `is_whole`: no other moment can have what
    is missing in these."""
    if not is_whole and any(each.blind for each in moments):
        return ANYTHING
    part, of = sum((each.part for each in moments), ZERO), sum((each.of for each in moments), ZERO)
    if of.most <= 0:
        return None
    most = ONE if of.least <= part.most else part.most / of.least
    return Between(min(ONE, part.least / of.most), most)


def of_counters(
    part: Sequence[Series], of: Sequence[Series], step: float, alone: tuple[bool, bool]
) -> list[Moment]:
    """What was counted from each instant to the next. `alone`: whether each series of both is one counter. What the
    part missed at the end, if its series have gone, is at most the whole. Raises Unjudged."""
    parts, whole = rises(part, alone[0]), rises(of, alone[1])
    if len(whole.most) - whole.last > MISSED:
        raise Unjudged("no data of `total` at the end of the play")
    gone = parts.last if len(parts.most) - parts.last > MISSED else len(parts.most)
    found = [
        Moment(
            (index + 0.5) * step,
            parts[index] if index < gone else Between(NOTHING, whole.most[index]),
            whole[index],
            index in parts.blind | whole.blind,
        )
        for index in range(len(whole.most))
    ]
    return _checked(found)


@dataclass(slots=True)
class Rises:
    """How far counters rose between two instants, the next two, and so on. `last`: the last instant with a value."""

    least: list[Fraction]
    most: list[Fraction]
    blind: set[int] = field(default_factory=set)
    last: int = 0

    def __getitem__(self, index: int) -> Between:
        return Between(self.least[index], self.most[index])


def rises(every: Sequence[Series], alone: bool) -> Rises:
    """A counter that falls was reset to 0; in a sum of counters, which one is unknown. A counter that appears counted
    at most its first value in that moment. Raises Unjudged."""
    moments = len(every[0]) - 1
    found = Rises([NOTHING] * moments, [NOTHING] * moments)
    for each in every:
        _add(each, found, alone)
    return found


def _add(series: Series, to: Rises, alone: bool) -> None:
    before: tuple[int, Fraction] | None = None
    for index, number in enumerate(series):
        if number is None:
            continue
        value = exact(number)
        if before is not None:
            _rise(to, (before[0], index), before[1], value, alone)
        elif index:
            to.most[index - 1] += value
        before, to.last = (index, value), max(to.last, index)


def _rise(to: Rises, when: tuple[int, int], was: Fraction, value: Fraction, alone: bool) -> None:
    reset, between = value < was, range(*when)
    if reset and not alone:
        raise Unjudged("a sum of counters fell: which of them was reset is unknown; query a single counter")
    if reset and len(between) > MISSED:
        raise Unjudged("a counter was reset in a gap without data")
    rise = value if reset else value - was
    to.least[between[-1]] += rise
    to.most[between[-1]] += rise
    if len(between) > MISSED:
        to.blind |= set(between)


def of_levels(part: Sequence[Series], of: Sequence[Series], step: float) -> list[Moment]:
    """The sums of both at each instant that has both: numbers of events that may go up and down. Raises Unjudged."""
    both = [
        (index, pair)
        for index, pair in enumerate(zip(_sums(part), _sums(of), strict=True))
        if None not in pair
    ]
    gap = max(
        after - before for before, after in pairwise([0, *(index for index, _ in both), len(of[0]) - 1])
    )
    if gap > MISSED:
        raise Unjudged(f"a gap of {gap * step:g} s without data")
    found = []
    for index, (one, other) in both:
        if min(one or NOTHING, other or NOTHING) < 0:
            raise Unjudged("a value below 0 is not a number of events")
        found.append(Moment(index * step, _exactly(one), _exactly(other)))
    return _checked(found)


def _exactly(number: Fraction | None) -> Between:
    return Between(number or NOTHING, number or NOTHING)


def _checked(found: list[Moment]) -> list[Moment]:
    part, of = sum((each.part for each in found), ZERO), sum((each.of for each in found), ZERO)
    if part.least > of.most * ROUNDING:
        raise Unjudged("it counted more than `total`, which must include it")
    return found


def _sums(every: Sequence[Series]) -> Iterator[Fraction | None]:
    for values in zip(*every, strict=True):
        there = [exact(value) for value in values if value is not None]
        yield sum(there, NOTHING) if there else None


def of_instants(shares: Sequence[Fraction | None], step: float) -> list[Moment]:
    """Each instant counts the same, with its share; one without data may have had any."""
    return [
        Moment(index * step, ANYTHING if value is None else Between(value, value), ALL)
        for index, value in enumerate(shares)
    ]


def slices(moments: Sequence[Moment], length: float, window: float) -> list[list[Moment]]:
    """The moments of each slice of the play; the last may be shorter."""
    number = max(1, math.ceil((length - 1e-9) / window))
    found: list[list[Moment]] = [[] for _ in range(number)]
    for each in moments:
        found[min(number - 1, int((each.at + 1e-9) / window))].append(each)
    return found
