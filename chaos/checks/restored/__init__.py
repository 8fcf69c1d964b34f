"""The verdict on a restored backup: pure functions of a restore's journal."""

from __future__ import annotations

from chaos.checks import completeness, loss, recovery
from chaos.checks.check import Check, findings_of
from chaos.checks.course import course
from chaos.checks.drill import projection
from chaos.checks.figures import lower_bounds
from chaos.checks.finding import worst
from chaos.checks.headline import headline, reasons
from chaos.checks.judged import JudgedRestore
from chaos.checks.restored import answers, heartbeat, restore, soundness
from chaos.checks.verdict import Verdict
from chaos.errors import of_verdict

CHECKS: tuple[Check[JudgedRestore], ...] = (
    Check(completeness.NAME, restore.run),
    Check(restore.NAME, restore.check),
    Check(recovery.NAME, restore.duration),
    Check(loss.NAME, heartbeat.check),
    Check(answers.NAME, answers.check),
    Check(soundness.NAME, soundness.check),
    Check(projection.NAME, projection.check),
)
"""Those that also judge a play say there what they are about (`chaos.checks.shipped`)."""


def judge(judged: JudgedRestore) -> Verdict:
    """Judge a stored restore: the same run and experiment always give the same verdict."""
    findings = findings_of(CHECKS, judged)
    outcome = worst(finding.outcome for finding in findings)
    measured = {finding.name: finding.measured for finding in findings}
    manifest, how = judged.journal.manifest, course(judged)
    return Verdict(
        outcome=outcome,
        exit_code=of_verdict(outcome),
        headline=headline(outcome, findings, how),
        reasons=reasons(outcome, findings, [], how),
        findings=tuple(findings),
        links=(),
        figures={name: measured.get(name) for name in ("rto", "rpo")},
        run=manifest.id or judged.journal.run.id,
        experiment=judged.experiment.name,
        target=manifest.target_name,
        profile=None,
        seed=None,
        lower_bounds=lower_bounds(findings),
    )
