"""The verdict on a restored backup: pure functions of a restore's journal."""

from __future__ import annotations

from chaos.checks.check import Check, findings_of
from chaos.checks.drill import projection
from chaos.checks.finding import worst
from chaos.checks.headline import headline
from chaos.checks.judged import JudgedRestore
from chaos.checks.restored import answers, heartbeat, restore, soundness
from chaos.checks.verdict import Verdict
from chaos.errors import of_outcome

CHECKS: tuple[Check[JudgedRestore], ...] = (
    Check("restore", restore.check),
    Check("loss", heartbeat.check),
    Check("queries", answers.check),
    Check("verification", soundness.check),
    Check("projection", projection.check),
)
"""The first one also judges the run (`completeness`) and its duration (`recovery`)."""


def judge(judged: JudgedRestore) -> Verdict:
    """Judge a stored restore: the same run and experiment always give the same verdict."""
    findings = findings_of(CHECKS, judged)
    outcome = worst(finding.outcome for finding in findings)
    measured = {finding.name: finding.measured for finding in findings}
    manifest = judged.journal.manifest
    return Verdict(
        outcome=outcome,
        exit_code=of_outcome(outcome),
        headline=headline(outcome, findings, []),
        findings=tuple(findings),
        links=(),
        figures={name: measured.get(name) for name in ("rto", "rpo")},
        run=manifest.id or judged.journal.run.id,
        experiment=judged.experiment.name,
        target=manifest.target_name,
        profile=None,
        seed=None,
    )
