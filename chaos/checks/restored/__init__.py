"""The verdict on a restored backup: pure functions over the journal of a restore.

The journal's events, all of phase `ended` unless said otherwise; `seconds` in each that took time:
- `restore backup` `chosen`, `described`, `identified` {"sha256": {file: sum}}
- `restore restore` `begun` {"utc": its instant}, `ended`, or `failed` {"because": the reason}, or `outlasted`
  {"because", "within": seconds it was given}
- `restore attempt` `lacking` {"server", "because"}: this PostgreSQL could not, and the next one is tried
- `restore copy`, `restore replay`, `restore create`, `restore load`: the spans of it
- `restore load` also {"harmless": refusals that say nothing about the dump, "roles_made"}
- `restore isolation` {"by": confined | settings, "because", "settings": how many, "processes"}
- `restore contents` {"tables": by database, "rows": whether there is one, "lost": what has no files}
- `restore heartbeat` `read`, `query NAME` `answered`: {"value", "rows"}, or {"because", "state": SQLSTATE}
- `restore amcheck` {"outcome": sound | damaged | not checked, "by"}
- `restore verification` {"outcome": verified | faulty | not verified, "by"}
"""

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
"""The first of them also tells of the run (`completeness`) and of the time it took (`recovery`)."""


def judge(judged: JudgedRestore) -> Verdict:
    """The verdict on a stored restore: the same run and experiment always give the same one."""
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
