"""The definitions of docs/verdicts.md in plain loops over exact fractions: slow, and obviously right.

It shares no code with the checks. A night is a list of hits in order of time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

Span = tuple[float, float | None]


@dataclass(frozen=True, slots=True)
class Hit:
    """`latency` is from due to done. The instrument cannot vouch for one in `doubt`; not all are `sent`."""

    due: float
    good: bool
    latency: float = 0.0
    doubt: bool = False
    sent: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    below: Fraction
    window: float
    sustained: float
    min_bad: int = 5


def as_seen(night: Sequence[Hit]) -> list[Hit]:
    """What the figures are about: what was not sent, and perhaps by our own fault, is left out of them."""
    return [hit for hit in night if hit.sent or not hit.doubt]


def at_worst(night: Sequence[Hit]) -> list[Hit]:
    return [replace(hit, good=False) if hit.doubt else hit for hit in night]


def at_best(night: Sequence[Hit]) -> list[Hit]:
    return [replace(hit, good=True, latency=0.0) if hit.doubt else hit for hit in night]


def outcome(holds_at_worst: bool, holds_at_best: bool) -> str:
    if holds_at_worst:
        return "pass"
    return "unknown" if holds_at_best else "fail"


def met(hits: Sequence[Hit], ratio: Fraction) -> bool:
    return sum(hit.good for hit in hits) >= ratio * len(hits)


def percentile(hits: Sequence[Hit], percent: int) -> float:
    """By nearest rank; a hit that was not good is infinitely slow."""
    values = sorted(hit.latency if hit.good else math.inf for hit in hits)
    for count, value in enumerate(values, start=1):
        if Fraction(count, len(values)) >= Fraction(percent, 100):
            return value
    raise AssertionError("no hit, no percentile")


def within(hits: Sequence[Hit], below: float) -> list[Hit]:
    """The hits as the objective counts them: good are those that were good within `below`."""
    return [replace(hit, good=hit.good and hit.latency <= below) for hit in hits]


def kindly(found: list[Span], night: Sequence[Hit], end: float, rule: Rule) -> list[Span]:
    """The proven outages, were service that was good when the observation ended good for long enough."""
    if not found or found[-1][1] is not None:
        return found
    begin = found[-1][0]
    for place, hit in enumerate(night):
        rest = night[place:]
        late = hit.due >= begin and hit.due + rule.sustained > end
        if late and len(rest) >= 2 and good_from(hit, rest, rule):
            return [*found[:-1], (begin, hit.due)]
    return found


def outages(night: Sequence[Hit], start: float, end: float, rule: Rule) -> list[Span]:
    """Each possible outage from the first bad hit of the first window below; None: not back when the observation
    ended at `end`."""

    def stretch(begin: float) -> list[Hit]:
        return [hit for hit in night if begin <= hit.due < begin + rule.sustained]

    def back(hit: Hit) -> bool:
        watched, after = hit.due + rule.sustained <= end, stretch(hit.due)
        return hit.good and watched and len(after) >= 2 and met(after, rule.below)

    found: list[Span] = []
    over = -math.inf
    for number in range(math.ceil((end - start) / rule.window)):
        inside = [hit for hit in night if (hit.due - start) // rule.window == number]
        if not inside or met(inside, rule.below) or inside[0].due <= over:
            continue
        if met(stretch(inside[0].due), rule.below):
            continue  # a blip
        first_bad = next(hit.due for hit in inside if not hit.good)
        recovered = next((hit.due for hit in night if hit.due >= inside[0].due and back(hit)), None)
        if recovered is None:
            return [*found, (first_bad, None)]
        over = recovered
        if recovered > first_bad:
            found.append((first_bad, recovered))
    return found


def few(hits: Sequence[Hit], rule: Rule) -> bool:
    """Whether too few of them are bad to show that service was out, or the ratio is met anyway."""
    return met(hits, rule.below) or sum(not hit.good for hit in hits) < rule.min_bad


def good_from(hit: Hit, rest: Sequence[Hit], rule: Rule) -> bool:
    """Whether the hit is good, and service in the rest: by the ratio, or as none is bad nearby and few at all."""
    near = [other for other in rest if other.due < hit.due + rule.window]
    return hit.good and (met(rest, rule.below) or (few(rest, rule) and all(other.good for other in near)))


def proven(night: Sequence[Hit], start: float, end: float, rule: Rule) -> list[Span]:
    """Each outage that at least `min_bad` bad hits prove; None: not back when the observation ended at `end`."""

    def due_within(first: Hit, seconds: float, least: int) -> list[Hit]:
        """The hits from the first one on for so many seconds, or for so many hits, whichever holds more."""
        rest = [hit for hit in night if hit.due >= first.due]
        return max((rest[:least], [hit for hit in rest if hit.due < first.due + seconds]), key=len)

    def back(hit: Hit) -> bool:
        after = due_within(hit, rule.sustained, 0)
        return hit.due + rule.sustained <= end and len(after) >= 2 and good_from(hit, after, rule)

    found: list[Span] = []
    over = -math.inf
    for number in range(math.ceil((end - start) / rule.window)):
        inside = [hit for hit in night if (hit.due - start) // rule.window == number]
        if not inside or met(inside, rule.below) or inside[0].due <= over:
            continue
        if few(due_within(inside[0], rule.sustained, rule.min_bad), rule):
            continue  # a blip, or nothing that could be told from one
        later = [hit for hit in night if hit.due >= inside[0].due]
        place = next((place for place, hit in enumerate(later) if back(hit)), None)
        during, recovered = later[:place], None if place is None else later[place].due
        begin = next(
            (place for place, hit in enumerate(during) if not hit.good and shows(later[place:], rule)), None
        )
        if begin is not None and sum(not hit.good for hit in during[begin:]) >= rule.min_bad:
            found.append((during[begin].due, recovered))
        if recovered is None:
            break
        over = recovered
    return found


def shows(rest: Sequence[Hit], rule: Rule) -> bool:
    """Whether enough hits are bad from the first one on, in a window or in twice so many hits as that takes."""
    window = [hit for hit in rest if hit.due < rest[0].due + rule.window]
    return not few(max(window, list(rest[: 2 * rule.min_bad]), key=len), rule)


def lasting(night: Sequence[Hit], start: float, end: float, rule: Rule) -> list[Span]:
    """The possible outages, but for one at the very end in which none is proven."""
    found = outages(night, start, end, rule)
    if not found or found[-1][1] is not None:
        return found
    shown = any(begin >= found[-1][0] for begin, _ in proven(night, start, end, rule))
    return found if shown else found[:-1]


def longest(found: Sequence[Span], end: float) -> float:
    return max(((end if back is None else back) - begin for begin, back in found), default=0.0)


def recovery(found: Sequence[Span], end: float, steps: Sequence[tuple[float, float]]) -> float:
    """Seconds of the longest stretch of any outage in which no step acted."""
    best = 0.0
    for begin, back in found:
        until = end if back is None else back
        edges = sorted({begin, until, *(edge for span in steps for edge in span if begin < edge < until)})
        free = 0.0
        for low, high in pairwise(edges):
            acting = any(first <= low and high <= last for first, last in steps)
            free = 0.0 if acting else free + high - low
            best = max(best, free)
    return best
