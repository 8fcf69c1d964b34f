"""A suite: several experiments played in turn and judged as one, such as a whole drill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaos.checks import completeness
from chaos.checks.drill import rto
from chaos.checks.figure import Figures
from chaos.checks.figures import bounds_of_suite, of_suite
from chaos.checks.finding import Finding, Outcome, worst
from chaos.checks.headline import word
from chaos.checks.plain import cut, sentence
from chaos.checks.rejudge import judge_run
from chaos.checks.result import RunResult
from chaos.checks.text import as_bound, many
from chaos.checks.verdict import Verdict
from chaos.errors import UsageError, of_outcome, of_run
from chaos.errors import worst as worst_code
from chaos.record.manifest import Manifest, PlayedPart
from chaos.record.store import RunDir
from chaos.spec.units import show_seconds
from chaos.spec.userfile import refuse_pipes

_PART = 110
"""Characters of a scenario's first line in that of the suite."""


def parts(run: RunDir) -> list[RunResult] | None:
    """Judge the scenarios of a stored suite again; None for a run that is not a suite.

    A scenario that was moved or cannot be read has no verdict. Raises UsageError without a readable run.json.
    """
    try:
        refuse_pipes(run.path)
        played = Manifest.load(run.run_file).parts
        return None if played is None else [_part(run, part) for part in played]
    except (OSError, ValueError) as error:
        raise UsageError(f"{run.path}: {error}") from error


def _part(suite: RunDir, part: PlayedPart) -> RunResult:
    # beside the suite's own run, if the reports were moved as a whole
    beside = suite.path.parent.parent / Path(part.path).parent.name / part.run
    run = RunDir(beside if beside.is_dir() else Path(part.path))
    try:
        verdict = replace(judge_run(run), exit_code=part.exit_code)
    except (UsageError, OSError, ValueError):
        verdict = None
    return RunResult(run, of_run(part.exit_code), verdict, title=part.title)


def judge(run: RunDir, found: Sequence[RunResult]) -> Verdict:
    """Judge the whole: the worst of its scenarios; one that was never played makes it unknown."""
    manifest = Manifest.load(run.run_file)
    planned = len(manifest.experiment["scenarios"])
    findings = [
        _renamed(part, finding) for part in found if part.verdict for finding in part.verdict.findings
    ]
    missing = planned - sum(part.verdict is not None for part in found)
    if missing:
        because = f"{missing} of {many(planned, 'scenario')} not played, or not judged"
        findings.append(Finding("suite", Outcome.UNKNOWN, None, None, "", because, check=completeness.NAME))
    outcome = worst(
        [*(part.verdict.outcome for part in found if part.verdict), *([Outcome.UNKNOWN] if missing else [])]
    )
    total = of_suite([part.verdict.figures for part in found if part.verdict is not None])
    return Verdict(
        outcome=outcome,
        exit_code=worst_code([of_outcome(outcome), *(part.exit_code for part in found)]),
        headline=_headline(outcome, planned, found, total),
        reasons=_reasons(found, total),
        findings=tuple(findings),
        links=(),
        figures=total,
        run=run.id,
        experiment=manifest.experiment["name"],
        target=manifest.target_name,
        profile=manifest.profile,
        seed=manifest.seed,
        lower_bounds=bounds_of_suite(part.verdict.lower_bounds for part in found if part.verdict is not None),
    )


def _renamed(part: RunResult, finding: Finding) -> Finding:
    """Convert a scenario's finding to one of the whole; its evidence stays with the scenario's own run."""
    return replace(finding, name=f"{part.title}: {finding.name}", evidence={"run": part.run.id})


def _headline(outcome: Outcome, planned: int, found: Sequence[RunResult], total: Figures) -> str:
    """One sentence: how many passed, what became of the others, the worst times."""
    verdicts = [(part.title, part.verdict) for part in found if part.verdict is not None]
    passed = sum(verdict.outcome is Outcome.PASS for _, verdict in verdicts)
    clauses = [f"{passed} of {many(planned, 'scenario')} passed", *_worst_times(verdicts), *_lost(total)]
    others = [
        cut(f"{title}: {verdict.headline}", _PART)
        for title, verdict in verdicts
        if verdict.outcome is not Outcome.PASS
    ]
    partial = outcome is Outcome.PASS and any(verdict.partial for _, verdict in verdicts)
    aborted = any("ABORTED" in verdict.headline.partition(":")[0] for _, verdict in verdicts)
    return sentence(word(outcome, aborted=aborted, partial=partial), [*clauses[:1], *others, *clauses[1:]])


def _reasons(found: Sequence[RunResult], total: Figures) -> tuple[str, ...]:
    """The first line of each scenario, then the worst times, and all lost writes."""
    verdicts = [(part.title, part.verdict) for part in found if part.verdict is not None]
    said = [f"{title}: {verdict.headline}" for title, verdict in verdicts]
    return (*said, *_worst_times(verdicts), *_lost(total))


def _worst_times(verdicts: Sequence[tuple[str, Verdict]]) -> list[str]:
    said = [finding.because for _, verdict in verdicts for finding in verdict.findings]
    technical = "technical " if any(because.startswith("technical RTO") for because in said) else ""
    told = []
    for name, unit in (("rto", f"worst {technical}RTO"), ("rpo", "worst RPO")):
        values = [
            (value, title, rto.held_of(_evidence(verdict, name)), name in verdict.lower_bounds)
            for title, verdict in verdicts
            if (value := verdict.figures.get(name)) is not None
        ]
        if values:
            value, title, held, least = max(values)
            time = as_bound(show_seconds(value), "s", lower_bound=least)
            told.append(f"{unit} {time} ({title}{held})")
    return told


def _evidence(verdict: Verdict, name: str) -> Mapping[str, Any]:
    return next((each.evidence for each in verdict.findings if each.name == name), {})


def _lost(total: Figures) -> list[str]:
    """The ledger of the whole: the sum of those of its scenarios."""
    written, otherwise = total["acknowledged_writes"], total["lost_writes"]
    if not written or otherwise is None:
        return []
    with_it = total["lost_with_the_loss"] or 0.0
    if not otherwise + with_it:
        return [f"none of {written:,.0f} acknowledged writes was lost"]
    apart = f" ({with_it:,.0f} with the loss, {otherwise:,.0f} otherwise)" if with_it else ""
    return [f"{otherwise + with_it:,.0f} of {written:,.0f} acknowledged writes were lost{apart}"]
