"""The extra sections of a drill's report, as plain values: the page that an auditor keeps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaos.checks import loss, recovery
from chaos.checks.drill import runbook
from chaos.checks.drill.rto import shown as shown_rto
from chaos.checks.finding import Finding, Outcome
from chaos.checks.verdict import Verdict
from chaos.history.drills import Earlier
from chaos.record.events import RunbookStepEnded, RunEnded, StepInjected
from chaos.record.journal import Journal
from chaos.record.manifest import Host
from chaos.reports.drill_svg import Stretch, spans_svg
from chaos.reports.show import DASH, named, show_any, show_bounded, show_value, utc, words
from chaos.spec import doses
from chaos.spec.experiment import Experiment
from chaos.spec.units import show_seconds, show_signed

Row = list[str]

_STORED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class DrillSection:
    """One scenario: what was lost, how long each part of the recovery took, and what it cost."""

    title: str
    verdict: str
    headline: str
    sentence: str  # what was drilled, on what, where
    signed: list[tuple[str, str]]  # host, start, end, who
    played: str  # run, start and end on one line
    lost: str  # what the loss met
    until: str  # what the RTO was counted to
    spans: list[Row]  # name, by whom, how long; assumed ones are marked
    timeline: str  # SVG
    narrow: str  # the same for a phone
    budget: list[Row]  # what, measured, limit, budget, headroom
    ledger: list[Row]  # what became of the writes: rows that add up to what was planned
    losses: str
    backups: list[list[tuple[str, str]]]
    runbook: list[Row]  # step, by whom, how long, end counted from the loss, result
    findings: list[Row]  # outcome, check, because

    @property
    def checks_left(self) -> list[Row]:
        """On paper, the checks that did not pass."""
        return [row for row in self.findings if row[0] != Outcome.PASS.value]

    @property
    def checks_passed(self) -> str:
        """On paper, the names of the others: what they judged is in the tables above."""
        return (
            ", ".join(check for outcome, check, _ in self.findings if outcome == Outcome.PASS.value) or "none"
        )


def section(experiment: Experiment, journal: Journal, verdict: Verdict) -> DrillSection | None:
    """Return None for a run that is not a drill."""
    if experiment.drill is None:
        return None
    rto, rpo = _finding(verdict, recovery.NAME, "rto"), _finding(verdict, loss.NAME, "rpo")
    spans = list((rto.evidence if rto else {}).get("spans", []))
    assumed = dict((rto.evidence if rto else {}).get("assumed", {}))
    done_by = {f.name: str(f.evidence.get("by") or "") for f in verdict.findings if f.check == runbook.NAME}
    stretches = [Stretch(name, float(length), assumed=True) for name, length in assumed.items()]
    stretches += [Stretch(_span_name(span), float(span["seconds"]), assumed=False) for span in spans]
    rows = [[name, "assumed", show_seconds(length)] for name, length in assumed.items()]
    rows += [[_span_name(s), done_by.get(s["name"], ""), show_seconds(s["seconds"])] for s in spans]
    return DrillSection(
        title=experiment.drill.scenario,
        verdict=verdict.outcome.value,
        headline=verdict.headline,
        sentence=_sentence(experiment, journal, verdict),
        signed=signed(journal),
        played=_played(journal, verdict),
        lost="; ".join(f"{name} {value}" for name, value in named(_loss(journal)) if value != DASH),
        until=_until(rto),
        spans=rows,
        timeline=spans_svg(stretches, experiment.drill.scenario),
        narrow=spans_svg(stretches, f"{experiment.drill.scenario}, narrow", narrow=True),
        budget=_budget(experiment, rto, rpo, sum(assumed.values())),
        ledger=ledger_rows(rpo),
        losses=_losses(rpo),
        backups=_backups(verdict.findings),
        runbook=_runbook(verdict.findings, journal, rto),
        findings=[
            [
                f.outcome.value,
                words(f.check) if f.name == f.check else f"{words(f.check)}: {words(f.name)}",
                f.because,
            ]
            for f in verdict.findings
            if f.check != runbook.NAME
        ],
    )


def history_rows(history: Sequence[Earlier]) -> list[Row]:
    """Date, run, verdict, RTO, RPO and lost writes of each earlier drill, newest first."""
    return [
        [
            each.started.replace("T", " ").removesuffix("+00:00"),
            each.run,
            each.verdict,
            show_bounded(each.rto, "s", lower_bound=each.unrecovered),
            show_value(each.rpo, "s"),
            show_value(each.lost_writes, "count"),
        ]
        for each in history
    ]


def _span_name(span: Mapping[str, Any]) -> str:
    return f"{span['name']} ({span['note']})" if span.get("note") else str(span["name"])


def _until(rto: Finding | None) -> str:
    """What the RTO was counted to."""
    evidence = rto.evidence if rto is not None else {}
    return "the service was back" if evidence.get("out", True) else f"{evidence.get('until')} was done"


def _finding(verdict: Verdict, check: str, name: str) -> Finding | None:
    return next((f for f in verdict.findings if (f.check, f.name) == (check, name)), None)


def _sentence(experiment: Experiment, journal: Journal, verdict: Verdict) -> str:
    """Say in one plain sentence what was drilled."""
    manifest = journal.manifest
    scenario = experiment.drill.scenario if experiment.drill is not None else experiment.title
    profile = f" with its profile {verdict.profile}" if verdict.profile else ""
    if manifest.started_by_us:
        where = f"a stack that midnight started for it on this machine ({verdict.target}{profile}), not production"
    else:
        where = f"the running service {verdict.target}, which midnight did not start"
    held = next((f.evidence["backup"].get("bytes") for f in verdict.findings if "backup" in f.evidence), None)
    size = f"; its backup held {doses.size(float(held))}" if isinstance(held, int | float) else ""
    writes = verdict.figures.get("acknowledged_writes")
    load = f", under a load of {writes:,.0f} acknowledged writes" if writes else ""
    return f"Drilled: {scenario}, on {where}{load}{size}."


def signed(journal: Journal) -> list[tuple[str, str]]:
    """Return where and when it was played, and by whom."""
    manifest = journal.manifest
    pairs = [
        ("host", where(manifest.host)),
        ("start", utc(manifest.started)),
        ("end", _ended(journal)),
        ("started by", manifest.started_by or "unknown"),
    ]
    return [(name, value) for name, value in pairs if value]


def where(host: Host) -> str:
    """Return the machine in one line."""
    return ", ".join(filter(None, [host.name, _machine(host)]))


def _ended(journal: Journal) -> str:
    ended = journal.latest(RunEnded)
    return utc(journal.manifest.started, ended.at) if ended else DASH


def _played(journal: Journal, verdict: Verdict) -> str:
    start, end = utc(journal.manifest.started), _ended(journal)
    until = f" to {end.partition(' ')[2]}" if " " in end else ""
    return f"Run {verdict.run}" + (
        f", {start.removesuffix(' UTC') if until else start}{until}" if start else ""
    )


def _machine(host: Host) -> str:
    parts = [
        f"{host.cpus} CPUs" if host.cpus else "",
        doses.size(host.memory_bytes) if host.memory_bytes else "",
    ]
    return ", ".join(filter(None, [*parts, f"Linux {host.kernel}" if host.kernel else ""]))


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
        told = (shown_rto(finding) or DASH) if what == "RTO" else show_value(measured, "s")
        told += f" + {show_seconds(extra)} assumed" if extra else ""
        headroom = DASH if total is None else show_seconds(_rounded(budget - total))
        rows.append([what, told, show_value(limit, "s"), show_seconds(budget), headroom])
    return rows


def _rounded(seconds: float) -> float:
    """From a minute on, fractions of a second only make two times harder to compare."""
    return seconds if abs(seconds) < 60 else round(seconds)


def ledger_rows(finding: Finding | None) -> list[Row]:
    """Return what became of the planned writes; the last row is the sum of the others."""
    rows = (finding.evidence if finding is not None else {}).get("account") or []
    numbers = ("writes", "present", "missing")
    return [[row["what"], *(show_value(row[key], "count") for key in numbers)] for row in rows]


_LOSSES = (
    ("lost_in_all", "acknowledged writes lost"),
    ("lost_with_it", "of them with the loss (RPO)"),
    ("lost_writes", "otherwise"),
    ("different", "changed: in the target, but lost"),
    ("doubled", "stored more than once"),
    ("never_due_present", "records that no write of this run explains"),
)


def _losses(rpo: Finding | None) -> str:
    evidence = rpo.evidence if rpo is not None else {}
    told = [
        (key, label) for key, label in _LOSSES if evidence.get(key) or (key in evidence and "lost" in key)
    ]
    return "; ".join(f"{show_value(evidence[key], 'count')} {label}" for key, label in told)


def _backups(findings: Sequence[Finding]) -> list[list[tuple[str, str]]]:
    """Every backup used by a runbook step, and how it was verified."""
    used = [f.evidence for f in findings if f.check == runbook.NAME and "backup" in f.evidence]
    return [named(_instants({**each["backup"], **_rest(each)})) for each in used]


def _instants(facts: dict[str, Any]) -> dict[str, Any]:
    """Stored times as people read them."""
    return {key: utc(value) if _STORED.match(str(value)) else value for key, value in facts.items()}


def _rest(evidence: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in evidence.items() if key not in ("backup", "seq", "by")}


def _runbook(findings: Sequence[Finding], journal: Journal, rto: Finding | None) -> list[Row]:
    """One row per step. Its end counts from the loss, as the spans do: a detector runs from the start of the play."""
    zero = (rto.evidence if rto is not None else {}).get("loss")
    ends = {each.name: each.at for each in journal.every(RunbookStepEnded)}
    return [
        [
            f.name,
            str(f.evidence.get("by") or DASH),
            show_value(f.measured, "s"),
            DASH if zero is None or f.name not in ends else show_signed(ends[f.name] - zero),
            f.outcome.value,
            _how(f),
        ]
        for f in findings
        if f.check == runbook.NAME
    ]


def _how(finding: Finding) -> str:
    if finding.outcome.value != "pass":
        return finding.because
    if backup := finding.evidence.get("backup"):  # its facts have a table of their own
        return f"from backup {backup.get('label')}, to {finding.evidence.get('target', 'its end')}"
    shown = {
        key: _of_step(key, value)
        for key, value in finding.evidence.items()
        if key not in ("by", "said", "seconds", "seq", "only_here_seq") and value not in ("", None)
    }
    said = str(finding.evidence.get("said") or "")  # a sentence: it needs no name in front
    return "; ".join(filter(None, (show_any(shown) if shown else "", said))) or DASH


def _of_step(key: str, value: Any) -> Any:
    """A float is a time, unless its name states another unit."""
    timed = isinstance(value, float) and not {"bytes", "seconds"} & set(key.split("_"))
    return show_seconds(value) if timed else value
