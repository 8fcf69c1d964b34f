"""A share of what a Prometheus counted over the play, against its target: in all, or as a share of its slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from chaos.checks.exact import fraction
from chaos.checks.finding import Finding, Outcome, bounded
from chaos.checks.judged import Judged
from chaos.checks.slo import moments
from chaos.checks.slo.error_budget import error_budget
from chaos.checks.slo.moments import ONE, Between, Moment, Unjudged
from chaos.checks.text import amount, many, percent
from chaos.record.events import QuerySampled
from chaos.record.journal import Span
from chaos.spec.queried import Parsed, Queried
from chaos.spec.slo import Slo
from chaos.spec.units import show_seconds

_SIGNS = {"lte": "≤", "gte": "≥", "lt": "<", "gt": ">"}


@dataclass(frozen=True, slots=True)
class _Result:
    """The share that decides. `of`: how many good ones of how many there were, in words."""

    share: Between
    told: str


def judge(slo: Slo, judged: Judged) -> Finding:
    """Return the finding of an SLO that asks a Prometheus for what it counted."""
    queried, play = slo.prometheus, judged.journal.play
    assert queried is not None, "the caller chose SLOs with one"
    evidence: dict[str, Any] = {"queries": queried.queries}
    try:
        if play is None:
            raise Unjudged("there was no play")
        answers = {part: _answer(part, slo, queried, judged) for part in queried.queries}
        evidence |= {"series": {part: len(each.series) for part, each in answers.items()}}
        found = _moments(queried, answers)
        result = _result(slo, queried, found, play, max(each.step or 0.0 for each in answers.values()))
    except Unjudged as error:
        return Finding(slo.name, Outcome.UNKNOWN, None, queried.share, "ratio", str(error), evidence)
    return _finding(slo, queried, found, result, play, evidence)


def _finding(
    slo: Slo, queried: Queried, found: list[Moment], result: _Result, play: Span, evidence: dict[str, Any]
) -> Finding:
    target, least, most = fraction(queried.share), result.share.least, result.share.most
    outcome = bounded(least >= target, most >= target)
    asked, what = percent(queried.share), _what(slo, queried)
    if outcome is Outcome.UNKNOWN:
        lies = f"between {percent(float(least))} and {percent(float(most))}"
        because = f"{what} lies {lies}, but must be at least {asked}: {_doubt(found)}"
    else:
        sign, shown = ("≥", least) if outcome is Outcome.PASS else ("<", most)
        because = f"{what} {percent(float(shown))} {sign} {asked}{result.told}"
    measured = {Outcome.PASS: float(least), Outcome.FAIL: float(most)}.get(outcome)
    evidence |= {"points": len(found), "lowest": float(least), "highest": float(most)}
    evidence |= error_budget(slo, measured, play.end - play.start)
    return Finding(slo.name, outcome, measured, queried.share, "ratio", because, evidence)


def _answer(part: str, slo: Slo, queried: Queried, judged: Judged) -> QuerySampled:
    """What Prometheus answered to a query, for this SLO or for another. Raises Unjudged."""
    query = queried.queries[part]
    asked = queried.asked(query)
    same = [
        each for each in judged.journal.every(QuerySampled) if (each.promql, each.asked) == (query, asked)
    ]
    if not same:
        raise Unjudged(f"`{part}` was not queried after the play")
    read = min(same, key=lambda each: each.name != slo.name)
    if read.because:
        raise Unjudged(f"`{part}`: {read.because}")
    values = [value for each in read.series for value in each if value is not None]
    if not values:
        none = "; if that means none, add `or vector(0)`" if part == "bad" else ""
        raise Unjudged(f"`{part}` has no data in the play{none}")
    if any(abs(value) > moments.UNLIKELY for value in values):
        raise Unjudged(f"`{part}` has an infinite value")
    return read


def _moments(queried: Queried, answers: Mapping[str, QuerySampled]) -> list[Moment]:
    """The good, or the bad, part of what was counted. Raises Unjudged."""
    step = next(iter(answers.values())).step or 0.0
    if not queried.counts:
        (read,) = answers.values()
        return moments.of_instants(_shares(queried, read), step)
    read, total = answers.values()
    if read.count != total.count:
        raise Unjudged("the queries were run at different intervals")
    if queried.counter:
        alone = (Parsed(read.promql).counters is not None, Parsed(total.promql).counters is not None)
        return moments.of_counters(read.series, total.series, step, alone)
    return moments.of_levels(read.series, total.series, step)


def _shares(queried: Queried, read: QuerySampled) -> list[Fraction | None]:
    """The share of each instant: of a ratio its value, else whether all values are as they must be."""
    at = list(zip(*read.series, strict=True))
    there = [[value for value in values if value is not None] for values in at]
    if queried.values is not None:
        return [Fraction(all(map(queried.holds, each))) if each else None for each in there]
    if len(read.series) > 1:
        raise Unjudged(f"{len(read.series)} series of ratios where one is needed: aggregate them")
    strange = next((value for each in there for value in each if not 0 <= value <= moments.ROUNDING), None)
    if strange is not None:
        raise Unjudged(f"a ratio lies between 0 and 1, but one is {amount(strange)}")
    return [min(ONE, moments.exact(each[0])) if each else None for each in there]


def _result(slo: Slo, queried: Queried, found: list[Moment], play: Span, step: float) -> _Result:
    if slo.timeslices is not None:
        return _of_slices(slo, queried, found, play, step)
    share = _good(queried, found, is_whole=True)
    if share is None:
        raise Unjudged("nothing was counted in the play: `total` did not rise")
    of, part = sum(each.of.least for each in found), sum(each.part.least for each in found)
    good = part if not _is_bad(queried) else of - part
    counts = queried.counts or queried.values is not None
    thing = "instants" if queried.values is not None else "events"
    return _Result(share, f" ({amount(float(good))} of {amount(float(of))} {thing})" if counts else "")


def _of_slices(slo: Slo, queried: Queried, found: list[Moment], play: Span, step: float) -> _Result:
    assert slo.timeslices is not None, "the caller looked"
    window, enough = slo.timeslices.window, fraction(slo.timeslices.target)
    if window < step:
        raise Unjudged(
            f"a slice of {show_seconds(window)} is shorter than a scrape interval, {show_seconds(step)}"
        )
    cut = moments.slices(found, play.end - play.start, window)
    shares = [share for each in cut if (share := _good(queried, each, is_whole=False)) is not None]
    if not shares:
        raise Unjudged("nothing was counted in the play: `total` did not rise")
    least = sum(share.least >= enough for share in shares)
    most = sum(share.most >= enough for share in shares)
    told = (
        f" ({least} of {many(len(shares), 'slice')} of {show_seconds(window)} reach {percent(float(enough))})"
    )
    return _Result(Between(Fraction(least, len(shares)), Fraction(most, len(shares))), told)


def _good(queried: Queried, found: Sequence[Moment], *, is_whole: bool) -> Between | None:
    share = moments.share(found, is_whole=is_whole)
    if share is None or not _is_bad(queried):
        return share
    return Between(ONE - share.most, ONE - share.least)


def _is_bad(queried: Queried) -> bool:
    return queried.bad is not None or queried.failure is not None


def _what(slo: Slo, queried: Queried) -> str:
    if slo.timeslices is not None:
        return "share of good slices"
    if queried.values is not None:
        return f"share of instants {_SIGNS[queried.op or 'lte']} {amount(queried.bound or 0.0)}"
    return "share of good events" if queried.counts else "mean ratio of successes"


def _doubt(found: Sequence[Moment]) -> str:
    missing = sum(each.part == moments.ANYTHING and each.of == moments.ALL for each in found)
    if missing:
        return f"{many(missing, 'instant')} of {len(found)} without data"
    if any(each.blind for each in found):
        return "events counted in a gap without data may belong to any slice of the gap"
    return "a counter appeared or disappeared in the play, and may have counted more"
