"""The extra sections of a drill's report, as plain values: the page that an auditor keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaos.checks.finding import Finding
from chaos.checks.verdict import Verdict
from chaos.history.drills import Earlier
from chaos.record.events import StepInjected
from chaos.record.journal import Journal
from chaos.reports.drill_svg import Stretch, spans_svg
from chaos.reports.show import DASH, show_any, show_value, words
from chaos.spec.experiment import Experiment
from chaos.spec.units import show_seconds

Row = list[str]


@dataclass(frozen=True, slots=True)
class DrillSection:
    """One scenario: what was lost, how long each part of the recovery took, and what it cost."""

    title: str
    verdict: str
    headline: str
    facts: list[tuple[str, str]]
    spans: list[Row]  # name, by whom, seconds; assumed ones are marked
    timeline: str  # SVG
    budget: list[Row]  # what, measured, limit, budget, headroom
    ledger: list[tuple[str, str]]
    backups: list[list[tuple[str, str]]]
    runbook: list[Row]  # step, by whom, time, result
    findings: list[Row]  # outcome, check, because: those that decided


def section(experiment: Experiment, journal: Journal, verdict: Verdict) -> DrillSection | None:
    """Return None for a run that is not a drill."""
    if experiment.drill is None:
        return None
    rto, rpo = _finding(verdict, "recovery", "rto"), _finding(verdict, "loss", "rpo")
    spans = list((rto.evidence if rto else {}).get("spans", []))
    assumed = dict((rto.evidence if rto else {}).get("assumed", {}))
    done_by = {f.name: str(f.evidence.get("by") or "") for f in verdict.findings if f.check == "runbook"}
    stretches = [Stretch(name, float(length), assumed=True) for name, length in assumed.items()]
    stretches += [Stretch(span["name"], float(span["seconds"]), assumed=False) for span in spans]
    rows = [[name, "assumed", show_seconds(length)] for name, length in assumed.items()]
    rows += [[s["name"], done_by.get(s["name"], ""), show_seconds(s["seconds"])] for s in spans]
    return DrillSection(
        title=experiment.drill.scenario,
        verdict=verdict.outcome.value,
        headline=verdict.headline,
        facts=_facts(journal, verdict),
        spans=rows,
        timeline=spans_svg(stretches),
        budget=_budget(experiment, rto, rpo, sum(assumed.values())),
        ledger=_ledger(rpo),
        backups=_backups(verdict.findings),
        runbook=_runbook(verdict.findings),
        findings=[
            [
                f.outcome.value,
                words(f.check) if f.name == f.check else f"{words(f.check)}: {words(f.name)}",
                f.because,
            ]
            for f in verdict.findings
            if f.check != "runbook"
        ],
    )


def history_rows(history: Sequence[Earlier]) -> list[Row]:
    """Date, run, verdict, RTO, RPO and lost writes of each earlier drill, newest first."""
    return [
        [
            each.started.replace("T", " ").removesuffix("+00:00"),
            each.run,
            each.verdict,
            show_value(each.rto, "s"),
            show_value(each.rpo, "s"),
            show_value(each.lost_writes, "count"),
        ]
        for each in history
    ]


def _finding(verdict: Verdict, check: str, name: str) -> Finding | None:
    return next((f for f in verdict.findings if (f.check, f.name) == (check, name)), None)


def _facts(journal: Journal, verdict: Verdict) -> list[tuple[str, str]]:
    manifest = journal.manifest
    pairs = [
        ("run", verdict.run),
        ("started", f"{manifest.started} by {manifest.started_by or 'unknown'}"),
        ("target", f"{verdict.target}, profile {verdict.profile or 'none'}"),
        ("versions", show_any(dict(manifest.versions))),
        ("command", manifest.command),
    ]
    loss = _loss(journal)
    return [*pairs, *((f"at the loss: {words(key)}", show_any(value)) for key, value in loss.items())]


def _loss(journal: Journal) -> dict[str, Any]:
    name = (journal.manifest.experiment.get("drill") or {}).get("loss")
    injected = journal.latest(StepInjected, name)
    evidence = dict(injected.evidence) if injected else {}
    return {key: value for key, value in evidence.items() if key != "instant"}


def _budget(experiment: Experiment, rto: Finding | None, rpo: Finding | None, assumed: float) -> list[Row]:
    limits, budgets = experiment.limits, experiment.budget
    rows = []
    for what, finding, limit, budget, extra in (
        ("RTO", rto, limits.rto, budgets.rto, assumed),
        ("RPO", rpo, limits.rpo, budgets.rpo, 0.0),
    ):
        measured = None if finding is None else finding.measured
        total = None if measured is None else measured + extra
        told = show_value(measured, "s") + (f" + {show_seconds(extra)} assumed" if extra else "")
        headroom = DASH if total is None else show_seconds(budget - total)
        rows.append([what, told, show_value(limit, "s"), show_seconds(budget), headroom])
    return rows


_LEDGER = (
    ("due", "writes planned"),
    ("acknowledged", "acknowledged"),
    ("acknowledged_before_the_loss", "acknowledged before the loss"),
    ("lost_with_it", "lost with the loss (RPO)"),
    ("lost_writes", "lost otherwise"),
    ("doubled", "stored more than once"),
    ("timed_out_present", "timed out, but present"),
    ("timed_out_missing", "timed out, missing"),
    ("refused_present", "refused, but present"),
    ("never_due_present", "present, but never due"),
)


def _ledger(rpo: Finding | None) -> list[tuple[str, str]]:
    evidence = rpo.evidence if rpo is not None else {}
    return [(label, show_any(evidence[key])) for key, label in _LEDGER if key in evidence]


def _backups(findings: Sequence[Finding]) -> list[list[tuple[str, str]]]:
    """Every backup used by a runbook step, and how it was verified."""
    used = [f.evidence for f in findings if f.check == "runbook" and "backup" in f.evidence]
    return [
        [(words(key), show_any(value)) for key, value in {**each["backup"], **_rest(each)}.items()]
        for each in used
    ]


def _rest(evidence: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in evidence.items() if key not in ("backup", "seq", "by")}


def _runbook(findings: Sequence[Finding]) -> list[Row]:
    return [
        [f.name, str(f.evidence.get("by") or DASH), show_value(f.measured, "s"), f.outcome.value, _how(f)]
        for f in findings
        if f.check == "runbook"
    ]


def _how(finding: Finding) -> str:
    if finding.outcome.value != "pass":
        return finding.because
    shown = {
        key: value
        for key, value in finding.evidence.items()
        if key not in ("by", "backup", "seq", "only_here_seq") and value not in ("", None)
    }
    return show_any(shown)
