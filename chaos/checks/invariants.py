"""Invariants: what a target answered before and after the play, against what it should have answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from chaos.checks.counted import Expected, number, shown, total
from chaos.checks.finding import Finding, Outcome, worst
from chaos.checks.judged import Judged
from chaos.checks.requests_counted import reported, requests
from chaos.checks.text import many
from chaos.record.events import InvariantAfter, InvariantBefore
from chaos.record.events.invariant import InvariantAnswered
from chaos.record.journal import Journal
from chaos.spec.invariants import Delta, Invariant, parsed

NAME = "invariants"


def check(judged: Judged) -> list[Finding]:
    """One finding per invariant of the experiment and the target. Unknown if a question was not answered."""
    of_target = parsed(judged.journal.manifest.target.get("invariants") or ())
    return [_judge(each, judged.journal) for each in (*judged.experiment.invariants, *of_target)]


def lost_updates(finding: Finding) -> float | None:
    """Updates that are missing of those that the run knows of, acknowledged or reported; at least so many if requests
    had no answer. None if the finding does not count any."""
    evidence = finding.evidence
    if finding.check != NAME or "lost" not in evidence or not {"acknowledged", "reported"} & {*evidence}:
        return None
    return max(0.0, float(evidence["lost"]))


@dataclass(frozen=True, slots=True)
class _Said:
    """The outcome of one rule, in words. What is measured must not exceed what is allowed: an answer against `at_most`,
    else by how much the rule is missed."""

    outcome: Outcome
    because: str
    measured: Decimal | None = None
    allowed: Decimal | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


def _judge(invariant: Invariant, journal: Journal) -> Finding:
    before = journal.latest(InvariantBefore, invariant.name)
    after = journal.latest(InvariantAfter, invariant.name)
    evidence = {
        "question": invariant.shown,
        "before": before.value if before else None,
        "after": after.value if after else None,
    }
    said = (
        [_unanswered("after", after)]
        if _value(after) is None
        else list(_rules(invariant, journal, before, after))
    )
    outcome = worst(each.outcome for each in said)
    telling = [each for each in said if each.outcome is outcome]
    for each in said:
        evidence |= each.evidence
    first = telling[0]
    return Finding(
        invariant.name,
        outcome,
        None if first.measured is None else float(first.measured),
        None if first.allowed is None else float(first.allowed),
        "" if first.measured is None else "count",
        f"{invariant.name}: {'; '.join(each.because for each in telling)}",
        evidence,
    )


def _value(answer: InvariantAnswered | None) -> Any:
    return None if answer is None else answer.value


def _unanswered(when: str, answer: InvariantAnswered | None) -> _Said:
    why = f"no answer: {answer.because}" if answer is not None else "it was not queried"
    return _Said(Outcome.UNKNOWN, f"{why} ({when} the play)")


def _rules(
    invariant: Invariant, journal: Journal, before: InvariantBefore | None, after: InvariantAfter | None
) -> Iterator[_Said]:
    assert after is not None
    if not invariant.has_rule:
        yield _as_required(invariant, after.value)
    if invariant.equals is not None:
        yield _moving(after) or _equals(invariant.equals, after.value)
    if invariant.at_most is not None:
        yield _bounded(after.value, invariant.at_most, most=True)
    if invariant.at_least is not None:
        yield _bounded(after.value, invariant.at_least, most=False)
    if invariant.delta is not None:
        if before is None or before.value is None:
            yield _unanswered("before", before)
        else:
            yield _moving(before) or _moving(after) or _delta(invariant.delta, journal, before, after)


def _moving(answer: InvariantAnswered) -> _Said | None:
    """A target that is not quiet has no exact answer."""
    if answer.settled:
        return None
    return _Said(
        Outcome.UNKNOWN, f"still changing when queried {answer.phase} the play, last {_told(answer.value)}"
    )


def _as_required(invariant: Invariant, value: Any) -> _Said:
    """The status or the exit code, which is the answer of a question without a rule."""
    if invariant.http is None:
        return _Said(Outcome.PASS if value == 0 else Outcome.FAIL, f"exit code {value}, expected 0")
    good = value == invariant.status if invariant.status else isinstance(value, int) and 200 <= value <= 299
    return _Said(
        Outcome.PASS if good else Outcome.FAIL, f"status {value}, expected {invariant.status or '2xx'}"
    )


def _equals(expected: bool | float | str, value: Any) -> _Said:
    wanted, found = number(expected) if not isinstance(expected, str) else None, number(value)
    if wanted is not None:
        good = found == wanted
    else:
        good = value is expected if isinstance(expected, bool) else _told(value) == _told(expected)
    apart = None if found is None or wanted is None else total(found, wanted.copy_negate()).copy_abs()
    allowed = None if apart is None else Decimal(0)
    if good:
        return _Said(Outcome.PASS, f"{_told(value)} as expected", apart, allowed)
    return _Said(Outcome.FAIL, f"expected {_told(expected)}, found {_told(value)}", apart, allowed)


def _bounded(value: Any, limit: float, *, most: bool) -> _Said:
    found, allowed = number(value), number(limit)
    assert allowed is not None
    if found is None:
        return _Said(Outcome.UNKNOWN, f"the answer is not a number: {_told(value)}")
    good, name = (found <= allowed, "at most") if most else (found >= allowed, "at least")
    because, outcome = (
        f"{shown(found)}, {name} {shown(allowed)} allowed",
        Outcome.PASS if good else Outcome.FAIL,
    )
    if most:
        return _Said(outcome, because, found, allowed)
    return _Said(outcome, because, max(Decimal(0), total(allowed, found.copy_negate())), Decimal(0))


def _delta(delta: Delta, journal: Journal, before: InvariantBefore, after: InvariantAfter) -> _Said:
    was, found, plus = number(before.value), number(after.value), number(delta.plus)
    assert plus is not None
    if was is None or found is None:
        return _Said(Outcome.UNKNOWN, f"not a number: {_told(before.value if was is None else after.value)}")
    parts, unsure, told = [was, plus], 0, [f"{shown(was)} before"]
    evidence: dict[str, Any] = {}
    if plus:
        told.append(f"{'+' if plus > 0 else ''}{shown(plus)}")
    if delta.acknowledged is not None:
        seen = requests(journal, delta.acknowledged, before.at)
        parts.append(Decimal(seen.acknowledged))
        unsure = seen.unsure
        told.append(f"{shown(Decimal(seen.acknowledged))} acknowledged by {delta.acknowledged}")
        evidence |= {"acknowledged": seen.acknowledged, "unsure": unsure}
    for step, key in delta.reported.items():
        sum_ = reported(journal, step, key)
        if isinstance(sum_, str):
            return _Said(Outcome.UNKNOWN, sum_, evidence=evidence)
        parts.append(sum_)
        told.append(f"{shown(sum_)} {key} reported by {step}")
        evidence["reported"] = {**evidence.get("reported", {}), step: float(sum_)}
    return _missed(Expected(total(*parts), total(*parts, unsure)), found, told, unsure, evidence)


def _missed(
    expected: Expected, found: Decimal, told: list[str], unsure: int, evidence: dict[str, Any]
) -> _Said:
    missed = expected.missed_by(found)
    evidence = {**evidence, "expected": str(expected), "lost": float(missed)}
    if unsure:
        told.append(f"{many(unsure, 'request')} without an answer, which may count")
    basis = f" ({', '.join(told)})"
    if missed == 0:
        return _Said(
            Outcome.PASS, f"none lost: {shown(found)} as expected{basis}", missed, Decimal(0), evidence
        )
    what = f"{shown(missed)} lost" if missed > 0 else f"{shown(missed.copy_abs())} too many"
    because = f"{what}: expected {expected}, found {shown(found)}{basis}"
    return _Said(Outcome.FAIL, because, missed.copy_abs(), Decimal(0), evidence)


def _told(value: Any) -> str:
    """Format an answer for a sentence."""
    if isinstance(value, bool):
        return str(value).lower()
    found = number(value) if not isinstance(value, str) else None
    return repr(value) if isinstance(value, str) else shown(found) if found is not None else str(value)
