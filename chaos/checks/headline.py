"""The first line of a verdict, and the reasons below it, in plain words.

The first line is one sentence of at most 160 characters. Its first word is the verdict: PASS, PARTIAL, FAIL, UNKNOWN,
or ABORTED for a play that was stopped before it could be judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from chaos.checks import answers, clauses, completeness, effect, steady
from chaos.checks.chain import broke_first
from chaos.checks.course import Course
from chaos.checks.finding import Finding, Outcome
from chaos.checks.link import Link
from chaos.checks.plain import plain, sentence
from chaos.checks.registered import described
from chaos.checks.text import many
from chaos.record.events.run import BUSY

MOST = 4
"""Reasons of one check in the list."""

NOTHING = Course()


def headline(
    outcome: Outcome,
    findings: Sequence[Finding],
    course: Course = NOTHING,
    figures: Mapping[str, float | None] | None = None,
) -> str:
    """Return one sentence, such as `FAIL: for 19 s of 1m 50s the service did not answer as it should.`"""
    first = opening(outcome, findings, course)
    if outcome is Outcome.FAIL:
        out = list(_of_outages(findings, course))
        return sentence(first, [*out[:1], *clauses.gravest(findings), *out[1:], *clauses.failed(findings)])
    if outcome is Outcome.UNKNOWN:
        return sentence(first, *_why_unknown(findings, course))
    return sentence(first, [*_partial(findings), *clauses.passed(findings, figures or {})])


def _partial(findings: Sequence[Finding]) -> list[str]:
    """Say which steps prove nothing, and why a pass proves little then."""
    unproven = _unproven(findings)
    gone = [each.name for each in findings if each.name in unproven and each.evidence.get(effect.LEFT_OUT)]
    idle = [name for name in unproven if name not in gone]
    why = [f"{_listed(idle)} had no effect"] if idle else []
    why += [f"{_listed(gone)} {'was' if len(gone) == 1 else 'were'} left out"] if gone else []
    return [f"passed, but {' and '.join(why)}, so it proves little"] if why else []


def opening(outcome: Outcome, findings: Sequence[Finding], course: Course = NOTHING) -> str:
    """Return the first word or words."""
    return word(outcome, aborted=bool(course.aborted), partial=is_partial(outcome, findings))


def word(outcome: Outcome, *, aborted: bool, partial: bool) -> str:
    """Return the verdict in capitals. An abort is no verdict: a failure that was seen before it stays one."""
    if aborted and outcome is not Outcome.PASS:
        return "FAIL, ABORTED" if outcome is Outcome.FAIL else "ABORTED"
    return "PARTIAL" if partial else outcome.name


def is_partial(outcome: Outcome, findings: Sequence[Finding]) -> bool:
    """True for a pass in which a step proved no effect: not a clean bill."""
    return outcome is Outcome.PASS and bool(_unproven(findings))


def reasons(
    outcome: Outcome, findings: Sequence[Finding], chain: Sequence[Link], course: Course = NOTHING
) -> tuple[str, ...]:
    """Return what the first line rests on: the findings that decided it, what broke first, what is not known, what was
    not tested, and warnings; each one plain sentence."""
    told = list(dict.fromkeys(_because(_deciding(outcome, findings))))
    if outcome is Outcome.FAIL and (first := broke_first(list(chain))):
        told.append(f"Broke first: {first.title} ({first.because})")
    if course.busy is not None and course.busy.share >= BUSY:
        told.append(f"Other programs used {course.busy}")
    if outcome is Outcome.FAIL:
        told += _named("Could not be judged", _with(findings, Outcome.UNKNOWN))
    told += _named("Not tested", _with(findings, Outcome.NOT_EXERCISED))
    warned = _with(findings, Outcome.WARNING)
    for check in dict.fromkeys(each.check for each in warned):
        what = "the answers" if check == answers.NAME else check
        told += _named(f"Warning: {what}", [each for each in warned if each.check == check])
    return tuple(plain(each) for each in told)


def _of_outages(findings: Sequence[Finding], course: Course) -> Iterator[str]:
    """How long the service was out, if the service is what failed."""
    decided = {finding.check for finding in findings if finding.outcome is Outcome.FAIL}
    if course.worst is not None and decided & clauses.OF_SERVICE:
        yield from clauses.outages(course)


def _why_unknown(findings: Sequence[Finding], course: Course) -> tuple[list[str], str]:
    """Return the reasons, the one that explains the others first, and what to do."""
    if course.aborted:
        by = course.aborted if course.aborted.startswith("stopped") else f"stopped: {course.aborted}"
        if not course.began:
            return [f"the run was {by} before the play began"], "nothing was judged"
        return [f"the play was {by}"], "what came before it is judged below"
    deciding = _deciding(Outcome.UNKNOWN, findings)
    told = [clauses.unknown(each) for each in deciding]
    if not deciding:
        return ["nothing was judged"], "add SLOs or limits to the experiment"
    if course.busy is not None and course.busy.share >= BUSY and clauses.waits_for_quiet(deciding[0]):
        return [told[0], f"others used {course.busy}", *told[1:]], clauses.QUIET
    return told, clauses.advice(deciding[0], findings)


def _because(findings: Sequence[Finding]) -> Iterator[str]:
    """The sentences; of a check that has many findings, the first ones and how many more there are."""
    for check in dict.fromkeys(each.check for each in findings):
        of_check = [each.because for each in findings if each.check == check]
        yield from of_check[:MOST]
        if more := len(of_check[MOST:]):
            yield f"and {many(more, 'more finding')} on {check.replace('_', ' ')}"


def _deciding(outcome: Outcome, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that decided the outcome. An incomplete run explains all other unknowns."""
    deciding = _with(findings, outcome)
    if outcome is Outcome.PASS:
        return [each for each in deciding if described(each.check).is_told]
    if outcome is Outcome.UNKNOWN:
        for root in (steady.NAME, completeness.NAME):
            if causes := [each for each in deciding if each.check == root]:
                return causes
    return deciding


def _with(findings: Sequence[Finding], outcome: Outcome) -> list[Finding]:
    return [each for each in findings if each.outcome is outcome]


def _unproven(findings: Sequence[Finding]) -> list[str]:
    """Return the steps that proved no effect."""
    return [each.name for each in findings if each.check == effect.NAME and each.outcome is not Outcome.PASS]


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) < 3 else many(len(names), "step")


def _named(what: str, findings: Sequence[Finding]) -> list[str]:
    names = [
        each.name.replace("_", " ") if re.fullmatch(r"[\w ]+", each.name) else each.name for each in findings
    ]
    return [f"{what}: {', '.join(names)}"] if names else []
