"""A run explained: a page of plain sentences, what happened in order of time, and what to fix."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chaos.checks import logs, loss, recovery, steady
from chaos.checks.finding import Finding
from chaos.checks.finite import json_safe
from chaos.checks.fixes import HEADING, Fix
from chaos.checks.neighbours import before_the_play
from chaos.checks.plain import cut, plain
from chaos.checks.verdict import Verdict
from chaos.record.events import AbortFired, RunbookStepEnded, RunbookStepFailed, StepHeld
from chaos.record.events.run import BUSY
from chaos.record.journal import Journal
from chaos.reports.page import outages_of
from chaos.reports.show import show_offset
from chaos.reports.steps import StepRecord, step_records
from chaos.reports.timeline import stretches
from chaos.spec import doses, kind
from chaos.spec.experiment import Experiment
from chaos.spec.kind import Kind
from chaos.spec.units import show_seconds

_LONGEST = 190  # characters of a sentence
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Moment:
    """What happened at one instant of the play, in seconds of it; None: before it, or after it."""

    at: float | None
    said: str


@dataclass(frozen=True, slots=True)
class Story:
    """One run, explained."""

    run: str
    title: str
    headline: str
    before: tuple[str, ...]
    moments: tuple[Moment, ...]
    after: tuple[str, ...]
    fixes: tuple[Fix, ...]

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = json_safe(
            {
                "version": 1,
                "run": self.run,
                "title": self.title,
                "headline": self.headline,
                "before": self.before,
                "happened": [{"at": each.at, "said": each.said} for each in self.moments],
                "after": self.after,
                "fixes": [{"what": fix.what, "why": fix.why, "evidence": fix.evidence} for fix in self.fixes],
            }
        )
        return document

    def lines(self) -> Iterator[str]:
        """The page, wrapped."""
        yield from _wrapped(self.headline)
        yield ""
        for said in (f"{self.title} (run {self.run}).", *self.before):
            yield from _wrapped(said)
        if self.moments:
            yield ""
        for moment in self.moments:
            yield from _wrapped(f"{show_offset(moment.at, 0.0):>9}  {moment.said}", indent=11)
        if self.after:
            yield ""
        for said in self.after:
            yield from _wrapped(said)
        yield ""
        if not self.fixes:
            yield "This run shows nothing to fix."
            return
        yield f"{HEADING}:"
        for number, fix in enumerate(self.fixes, start=1):
            why = f": {fix.why}" if fix.why else ""
            yield from _wrapped(f"{number}. {fix.what}{why}. Seen: {fix.evidence}.", indent=3)


def explain(journal: Journal, verdict: Verdict) -> Story:
    """Explain a judged run."""
    manifest = journal.manifest
    if kind.of_document(manifest.experiment) is Kind.RESTORE:
        return Story(verdict.run, manifest.title, verdict.headline, (), (), _sentences(verdict.reasons), ())
    experiment = Experiment.model_validate(manifest.experiment)
    play = journal.play
    moments = [] if play is None else [*_moments(experiment, journal, verdict, play.start)]
    return Story(
        run=verdict.run,
        title=experiment.title,
        headline=verdict.headline,
        before=tuple(_before(journal, verdict)),
        moments=tuple(sorted(moments, key=lambda each: each.at or 0.0)),
        after=tuple(_after(verdict)),
        fixes=verdict.fixes,
    )


def of_suite(verdict: Verdict, title: str) -> Story:
    """Explain a suite by what became of its scenarios."""
    return Story(verdict.run, title, verdict.headline, (), (), _sentences(verdict.reasons), ())


def _sentences(said: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_sentence(each) for each in said)


def _sentence(said: str) -> str:
    """Return a plain sentence of a bounded length, with a capital and a full stop."""
    text = cut(plain(said), _LONGEST).rstrip(".")
    first = text.partition(" ")[0]
    capital = text[:1] if "_" in first or first.endswith(":") else text[:1].upper()  # a name stays as it is
    return f"{capital}{text[1:]}{'' if text.endswith('…') else '.'}"


def _before(journal: Journal, verdict: Verdict) -> Iterator[str]:
    profile = f" with profile {verdict.profile}" if verdict.profile else ""
    began = "was started for it" if journal.manifest.started_by_us else "was running already"
    yield f"The target {verdict.target}{profile} {began}."
    busy = before_the_play(journal)
    if busy is not None and busy.share < BUSY:  # if it is more, it is among the reasons
        yield f"Other programs used {busy}."
    for finding in _of(verdict, steady.NAME):
        yield _sentence(finding.because)


def _moments(experiment: Experiment, journal: Journal, verdict: Verdict, zero: float) -> Iterator[Moment]:
    play = journal.play
    if play is not None:
        for name, span in stretches(experiment, journal, play):
            if span.start < play.end:
                yield Moment(span.start - zero, f"Load: {name}.")
    for step in step_records(journal):
        yield from _of_step(step, journal, zero)
    for link in verdict.links:
        if link.at is not None:
            what = link.because.partition(": ")[2] or link.because
            yield Moment(link.at - zero, _sentence(f"{link.title}: {what}"))
    yield from _of_outages(verdict, zero)
    for fired in journal.every(AbortFired):
        yield Moment(fired.at - zero, _sentence(f"abort condition {fired.name} held: {fired.because}"))
    yield from _of_runbook(journal, verdict, zero)


def _of_outages(verdict: Verdict, zero: float) -> Iterator[Moment]:
    for outage in outages_of(verdict.findings):
        yield Moment(outage["start"] - zero, "The service stopped answering as it should.")
        if outage["end"] is not None:
            yield Moment(outage["end"] - zero, _sentence(_back(outage)))


def _of_runbook(journal: Journal, verdict: Verdict, zero: float) -> Iterator[Moment]:
    """Its steps, those after the loss with the time since then."""
    lost_at = next(
        (each.evidence.get("loss") for each in _of(verdict, recovery.NAME) if each.name == "rto"), None
    )
    for done in journal.every(RunbookStepEnded):
        since = ""
        if lost_at is not None and done.at >= lost_at:
            since = f", {show_seconds(done.at - lost_at)} after the loss"
        yield Moment(done.at - zero, f"Runbook: {done.name} was done{since}.")
    for failed in journal.every(RunbookStepFailed):
        yield Moment(failed.at - zero, _sentence(f"runbook: {failed.name} failed: {failed.because}"))


def _of_step(step: StepRecord, journal: Journal, zero: float) -> Iterator[Moment]:
    fault = "" if step.fault == step.name else f" ({step.fault})"
    if step.injecting is not None:
        yield Moment(step.injecting - zero, f"Step {step.name}{fault} began.")
    held = journal.latest(StepHeld, step.name)
    if step.undone is not None:
        told = [doses.phrase(name, value, floor) for name, value, floor in step.doses] if held else []
        yield Moment(step.undone - zero, _sentence(f"step {step.name} was undone{_list(told)}"))
    elif step.injecting is None:
        yield Moment(0.0, _sentence(f"step {step.name} {step.state}: {step.because or 'no reason given'}"))


def _list(told: list[str]) -> str:
    return f"; measured: {', '.join(told)}" if told else ""


def _back(outage: dict[str, Any]) -> str:
    text = f"it was back after {show_seconds(outage['length'])}"
    held, alone = outage.get("held"), outage.get("alone")
    if held and not alone:
        text += ", while a fault acted throughout"
    elif held and alone is not None:
        text += f": {show_seconds(held)} while a fault acted, {show_seconds(alone)} alone"
    return text


def _after(verdict: Verdict) -> Iterator[str]:
    found = [finding for check in (loss.NAME, logs.NAME) for finding in _of(verdict, check)]
    yield from (_sentence(each.because) for each in found if each.measured is not None)
    shown = {plain(each.because) for each in found}
    yield from (_sentence(reason) for reason in verdict.reasons if reason not in shown)


def _of(verdict: Verdict, check: str) -> list[Finding]:
    return [finding for finding in verdict.findings if finding.check == check]


def _wrapped(text: str, indent: int = 0) -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent=" " * indent, drop_whitespace=True) or [""]
