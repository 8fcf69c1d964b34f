"""The report's sections, as plain values for the template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaos.checks import effect as effects
from chaos.checks.check import Section
from chaos.checks.figures import FIGURES, SHIPPED, every
from chaos.checks.finding import Finding, Outcome
from chaos.checks.registered import described
from chaos.checks.slo import pool
from chaos.checks.verdict import Verdict
from chaos.record.journal import Journal, Span
from chaos.record.manifest import Manifest
from chaos.reports import alerted, leaks, logged
from chaos.reports.alerted import AlertsSection
from chaos.reports.bad_answers import BadRow, bad_rows
from chaos.reports.cards import Card, key_figures
from chaos.reports.drill import ledger_rows
from chaos.reports.leaks import LeakRow
from chaos.reports.logged import ErrorsSection
from chaos.reports.rows import FindingRow, LinkRow, finding_row, link_rows
from chaos.reports.show import flatten, named, show_any, show_bounded, show_offset, show_value, utc
from chaos.reports.steps import StepRecord
from chaos.reports.timeline import Mark
from chaos.spec import doses
from chaos.spec.experiment import Experiment

Row = list[str]


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
    doses: list[tuple[str, str]]  # dose, floor: those that the reason does not tell
    evidence: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Table:
    header: Row
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Page:
    verdict: Verdict
    footer: str  # of each printed page
    headline: list[str]  # the verdict's headline, to be joined by spaces
    title: str
    subtitle: list[tuple[str, str]]
    cards: list[Card]
    outages: Table
    ledger: list[Row]
    links: list[LinkRow]
    bad_answers: list[BadRow]
    errors: ErrorsSection | None
    alerts: AlertsSection | None
    objectives: list[FindingRow]
    recovery: list[FindingRow]
    leaks: list[LeakRow]
    no_leaks: list[FindingRow]  # what is said of leaks besides
    other: list[FindingRow]
    figures: list[tuple[str, str]]  # that no other table shows
    by_step: Table
    by_route: Table
    steps: list[StepRow]
    not_exercised: list[FindingRow]
    settings: list[tuple[str, str]]
    versions: list[tuple[str, str]]
    repeat: list[tuple[str, str]]
    command: str


def build(
    experiment: Experiment,
    journal: Journal,
    verdict: Verdict,
    steps: Sequence[StepRecord],
    *,
    of_a_file: bool = False,
) -> Page:
    """Build the page. Every finding is in exactly one of its tables. `of_a_file`: judged by objectives other than the
    run's own."""
    judged_by = [("objectives", "those of a file, not the run's own")] if of_a_file else []
    manifest = journal.manifest
    zero = journal.play.start if journal.play else None
    return Page(
        verdict=verdict,
        footer=footer(verdict),
        headline=clauses(verdict.headline),
        title=experiment.title,
        subtitle=[*_subtitle(journal, verdict), *judged_by],
        cards=key_figures(verdict.findings),
        outages=_outages(verdict.findings, zero),
        ledger=ledger_rows(_with_account(verdict.findings)),
        links=link_rows(verdict.links, zero),
        bad_answers=list(bad_rows(verdict.bad_answers)),
        errors=logged.section(verdict.logged),
        alerts=alerted.section(journal),
        objectives=_findings(verdict, "objectives"),
        recovery=_findings(verdict, "recovery"),
        leaks=leaks.rows(verdict.findings),
        no_leaks=[
            finding_row(f)
            for f in verdict.findings
            if described(f.check).section == "leaks" and not f.evidence.get("rounds")
        ],
        other=[finding_row(f) for f in verdict.findings if not _has_a_table(f, steps)],
        figures=_without_a_table(verdict),
        by_step=_breakdown(verdict.findings, "by_step", "step"),
        by_route=_breakdown(verdict.findings, "by_route", "route"),
        steps=[_step(step, verdict, zero) for step in steps],
        not_exercised=[finding_row(f) for f in verdict.findings if f.outcome is Outcome.NOT_EXERCISED],
        settings=[(name, show_any(value)) for name, value in flatten(manifest.profile_settings or {})],
        versions=[(name, show_any(value)) for name, value in manifest.versions.items()],
        repeat=_repeat(manifest),
        command=manifest.command,
    )


def _with_account(findings: Sequence[Finding]) -> Finding | None:
    return next((finding for finding in findings if finding.evidence.get("account")), None)


def marks(verdict: Verdict) -> list[Mark]:
    """Return the links that moved, numbered as in the chain's table."""
    moved = [link.at for link in verdict.links if link.at is not None]
    return [Mark(str(number), at) for number, at in enumerate(moved, start=1)]


def footer(verdict: Verdict) -> str:
    """Return what each printed page bears: run and verdict."""
    return f"{verdict.run}: {verdict.headline.partition(':')[0]}"


def clauses(headline: str) -> list[str]:
    """Break the headline into readable lines: after the outcome, and after each clause."""
    opening, colon, rest = headline.partition(": ")
    return [opening + colon.strip(), *rest.replace("; ", ";\n").splitlines()]


def _subtitle(journal: Journal, verdict: Verdict) -> list[tuple[str, str]]:
    pairs = [
        ("target", verdict.target),
        ("profile", verdict.profile or ""),
        ("seed", "" if verdict.seed is None else str(verdict.seed)),
        ("pool read from", pool.seen_by(journal)),
        ("started", utc(journal.manifest.started)),
        ("run", verdict.run),
    ]
    return [(name, value) for name, value in pairs if value]


def _findings(verdict: Verdict, section: Section) -> list[FindingRow]:
    return [finding_row(f) for f in verdict.findings if described(f.check).section == section]


def _has_a_table(finding: Finding, steps: Sequence[StepRecord]) -> bool:
    """Return True if the finding is shown in a table of its own; that of the steps has only the steps' own."""
    section = described(finding.check).section
    return finding.name in {step.name for step in steps} if section == "steps" else section != "other"


def _step(step: StepRecord, verdict: Verdict, zero: float | None) -> StepRow:
    effect = next((f for f in verdict.findings if (f.check, f.name) == (effects.NAME, step.name)), None)
    evidence = named(step.evidence)
    return StepRow(
        name=step.name,
        fault=step.fault,
        optional=step.optional,
        params=", ".join(f"{key}={show_any(value)}" for key, value in step.params.items()),
        injected=show_offset(step.injected, zero),
        undone=show_offset(step.undone, zero),
        state=step.state,
        outcome=effect.outcome if effect else Outcome.UNKNOWN,
        because=effect.because.removeprefix(f"{step.name}: ") if effect else step.because,
        doses=[told for told in _doses(step) if effect is None or told[0] not in effect.because],
        evidence=evidence,
    )


def _doses(step: StepRecord) -> list[tuple[str, str]]:
    return [
        (doses.phrase(name, dose), "" if floor is None else doses.needed(name, floor))
        for name, dose, floor in step.doses
    ]


def _without_a_table(verdict: Verdict) -> list[tuple[str, str]]:
    """Return the figures that no other table shows: those of rounds, and those of plug-ins."""
    return [
        (figure.label, show_value(verdict.figures[figure.name], figure.unit))
        for figure in every()
        if (figure.rare or figure.name not in SHIPPED) and verdict.figures.get(figure.name) is not None
    ]


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
    return [Span(each["start"], each["start"] + each["length"]) for each in outages_of(verdict.findings)]


def outages_of(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the outages behind a verdict as recorded: start, end, length, held and alone; on the run clock."""
    return next((f.evidence["outages"] for f in findings if f.evidence.get("outages")), [])


def _outages(findings: Sequence[Finding], zero: float | None) -> Table:
    rows = [
        [
            show_offset(outage["start"], zero),
            "not recovered" if outage["end"] is None else show_offset(outage["end"], zero),
            show_bounded(outage["length"], "s", lower_bound=outage["end"] is None),
            show_value(outage.get("held"), "s"),
            show_value(outage.get("alone"), "s"),
        ]
        for outage in outages_of(findings)
    ]
    return Table(["from", "until", "length", "a fault acted", "alone"], rows)


def _repeat(manifest: Manifest) -> list[tuple[str, str]]:
    host, consent = manifest.host, manifest.target.get("consent")
    memory = host.memory_bytes
    pairs = [
        ("experiment file", manifest.experiment_file),
        ("seed", manifest.seed),
        ("consent", f"{consent['owner']}, until {consent['until']}" if consent else None),
        ("git revision", manifest.git),
        ("CPUs", host.cpus),
        ("memory", doses.size(memory) if memory else None),
        ("kernel", host.kernel),
    ]
    return [(name, show_any(value)) for name, value in pairs if value is not None]
