"""The report's sections, as plain values for the template."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chaos.checks.figures import FIGURES
from chaos.checks.finding import Finding, Outcome
from chaos.checks.verdict import Verdict
from chaos.record.journal import Journal, Span
from chaos.record.manifest import Manifest
from chaos.reports.cards import Card, key_figures
from chaos.reports.rows import FindingRow, LinkRow, finding_row, link_rows
from chaos.reports.show import flatten, show_any, show_dose, show_offset, show_value, words
from chaos.reports.steps import StepRecord
from chaos.reports.timeline import Mark
from chaos.spec.experiment import Experiment

Row = list[str]

OBJECTIVES = ("availability", "latency", "burn_rate", "pool")
RECOVERY = ("recovery", "loss", "exposure", "archive", "answered", "fencing", "recovered", "logs")
EFFECTS = ("effect",)


@dataclass(frozen=True, slots=True)
class StepRow:
    name: str
    fault: str
    optional: bool
    params: str
    injected: str
    undone: str
    state: str
    outcome: Outcome
    because: str
    doses: list[tuple[str, str, str]]  # name, dose, floor
    evidence: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Table:
    header: Row
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Page:
    verdict: Verdict
    headline: list[str]  # the verdict's headline, to be joined by spaces
    title: str
    subtitle: list[tuple[str, str]]
    cards: list[Card]
    outages: Table
    links: list[LinkRow]
    objectives: list[FindingRow]
    recovery: list[FindingRow]
    other: list[FindingRow]
    by_step: Table
    by_route: Table
    steps: list[StepRow]
    not_exercised: list[FindingRow]
    settings: list[tuple[str, str]]
    versions: list[tuple[str, str]]
    repeat: list[tuple[str, str]]
    command: str


def build(experiment: Experiment, journal: Journal, verdict: Verdict, steps: Sequence[StepRecord]) -> Page:
    """Build the page. Every finding is in exactly one of its tables."""
    manifest = journal.manifest
    zero = journal.play.start if journal.play else None
    return Page(
        verdict=verdict,
        headline=clauses(verdict.headline),
        title=experiment.title,
        subtitle=_subtitle(journal, verdict),
        cards=key_figures(verdict.findings),
        outages=_outages(verdict.findings, zero),
        links=link_rows(verdict.links, zero),
        objectives=_findings(verdict, OBJECTIVES),
        recovery=_findings(verdict, RECOVERY),
        other=[finding_row(f) for f in verdict.findings if not _has_a_table(f, steps)],
        by_step=_breakdown(verdict.findings, "by_step", "step"),
        by_route=_breakdown(verdict.findings, "by_route", "route"),
        steps=[_step(step, verdict, zero) for step in steps],
        not_exercised=[finding_row(f) for f in verdict.findings if f.outcome is Outcome.NOT_EXERCISED],
        settings=[(name, show_any(value)) for name, value in flatten(manifest.profile_settings or {})],
        versions=[(name, show_any(value)) for name, value in manifest.versions.items()],
        repeat=_repeat(manifest),
        command=manifest.command,
    )


def marks(verdict: Verdict) -> list[Mark]:
    """Return the links that moved, numbered as in the chain's table."""
    moved = [link.at for link in verdict.links if link.at is not None]
    return [Mark(str(number), at) for number, at in enumerate(moved, start=1)]


def clauses(headline: str) -> list[str]:
    """Break the headline into readable lines: after the outcome, and after each clause."""
    opening, colon, rest = headline.partition(": ")
    return [opening + colon.strip(), *rest.replace("; ", ";\n").splitlines()]


def _subtitle(journal: Journal, verdict: Verdict) -> list[tuple[str, str]]:
    pairs = [
        ("target", verdict.target),
        ("profile", verdict.profile or ""),
        ("seed", "" if verdict.seed is None else str(verdict.seed)),
        ("started", utc(journal.manifest.started)),
        ("run", verdict.run),
    ]
    return [(name, value) for name, value in pairs if value]


def utc(text: str) -> str:
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S UTC")
    except ValueError:
        return text


def _findings(verdict: Verdict, checks: Iterable[str]) -> list[FindingRow]:
    return [finding_row(f) for check in checks for f in verdict.findings if f.check == check]


def _has_a_table(finding: Finding, steps: Sequence[StepRecord]) -> bool:
    """Return True if the finding is shown in a table of its own; effects are in that of the steps."""
    if finding.check in EFFECTS:
        return finding.name in {step.name for step in steps}
    return finding.check in (*OBJECTIVES, *RECOVERY)


def _step(step: StepRecord, verdict: Verdict, zero: float | None) -> StepRow:
    effect = next((f for f in verdict.findings if f.check in EFFECTS and f.name == step.name), None)
    evidence = [(phase, show_any(value)) for phase, value in step.evidence.items()]
    return StepRow(
        name=step.name,
        fault=step.fault,
        optional=step.optional,
        params=show_any(step.params) if step.params else "",
        injected=show_offset(step.injected, zero),
        undone=show_offset(step.undone, zero),
        state=step.state,
        outcome=effect.outcome if effect else Outcome.UNKNOWN,
        because=effect.because.removeprefix(f"{step.name}: ") if effect else step.because,
        doses=[
            (words(name), show_dose(name, dose), "" if floor is None else show_dose(name, floor))
            for name, dose, floor in step.doses
        ],
        evidence=evidence,
    )


_OF_HITS = {"hits": "hits", "ratio": "availability", "p50": "p50", "p95": "p95", "p99": "p99"}
"""The figures of a breakdown, and their labels in the table of figures."""


def _breakdown(findings: Sequence[Finding], key: str, label: str) -> Table:
    """Return figures by step or by route of the first finding that has them; they are the same in all findings."""
    found: dict[str, dict[str, Any]] = next((f.evidence[key] for f in findings if f.evidence.get(key)), {})
    shown = {of: figure for of, name in _OF_HITS.items() for figure in FIGURES if figure.name == name}
    rows = [
        [name, *(show_value(figures.get(of), figure.unit) for of, figure in shown.items())]
        for name, figures in found.items()
    ]
    return Table([label, *(figure.label for figure in shown.values())], rows)


def outages(verdict: Verdict) -> list[Span]:
    """Return the outages behind the verdict, on the run clock; one without recovery lasts to the end of the run."""
    return [Span(each["start"], each["start"] + each["length"]) for each in _found(verdict.findings)]


def _found(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return next((f.evidence["outages"] for f in findings if f.evidence.get("outages")), [])


def _outages(findings: Sequence[Finding], zero: float | None) -> Table:
    rows = [
        [
            show_offset(outage["start"], zero),
            "not recovered" if outage["end"] is None else show_offset(outage["end"], zero),
            show_value(outage["length"], "s"),
        ]
        for outage in _found(findings)
    ]
    return Table(["from", "until", "length"], rows)


def _repeat(manifest: Manifest) -> list[tuple[str, str]]:
    host, consent = manifest.host, manifest.target.get("consent")
    memory = host.memory_bytes
    pairs = [
        ("experiment file", manifest.experiment_file),
        ("seed", manifest.seed),
        ("consent", f"{consent['owner']}, until {consent['until']}" if consent else None),
        ("git revision", manifest.git),
        ("processors", host.cpus),
        ("memory", f"{memory / 1024**3:.1f} GiB" if memory else None),
        ("kernel", host.kernel),
    ]
    return [(name, show_any(value)) for name, value in pairs if value is not None]
