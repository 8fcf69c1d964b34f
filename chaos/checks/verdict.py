"""The verdict: the worst finding, as one line, one exit code and a stable JSON document."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chaos.checks.chain import links
from chaos.checks.check import Check, attempt, findings_of
from chaos.checks.figures import Figures, figures
from chaos.checks.finding import Finding, Outcome, worst
from chaos.checks.headline import ABOUT_THE_RUN, headline
from chaos.checks.judged import Judged
from chaos.checks.link import Link
from chaos.checks.registered import every
from chaos.errors import ExitCode, of_outcome

VERSION = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one run. `links` are in order of time; those that did not move come last."""

    outcome: Outcome  # never NOT_EXERCISED
    exit_code: int
    headline: str
    findings: tuple[Finding, ...]
    links: tuple[Link, ...]
    figures: Figures
    run: str
    experiment: str
    target: str
    profile: str | None
    seed: int | None

    def to_json(self) -> dict[str, Any]:
        """Return the content of verdict.json: JSON values only, infinity as null."""
        document: dict[str, Any] = json_safe(
            {
                "version": VERSION,
                "run": self.run,
                "experiment": self.experiment,
                "target": self.target,
                "profile": self.profile,
                "seed": self.seed,
                "verdict": self.outcome.value,
                "exit_code": self.exit_code,
                "headline": self.headline,
                "figures": self.figures,
                "findings": [asdict(finding) for finding in self.findings],
                "links": [{**asdict(link), "moved": link.moved} for link in self.links],
            }
        )
        return document


def judge(judged: Judged, checks: Sequence[Check[Judged]] | None = None) -> Verdict:
    """Judge a stored run: the same run and experiment always give the same verdict. By default all registered `checks`
    are run. Raises Unreadable if a file of the run cannot be read."""
    findings = findings_of(every() if checks is None else checks, judged)
    if not any(_is_objective(finding) for finding in findings):
        findings.append(_nothing_judged())
    chain, unlinked = attempt("links", lambda: links(judged))
    measured, unmeasured = attempt("figures", lambda: figures(judged, findings))
    findings += [*unlinked, *unmeasured]
    outcome = worst(finding.outcome for finding in findings)
    manifest = judged.journal.manifest
    return Verdict(
        outcome=outcome,
        exit_code=_exit_code(outcome, findings),
        headline=headline(outcome, findings, chain or []),
        findings=tuple(findings),
        links=tuple(chain or ()),
        figures=measured or {},
        run=manifest.id or judged.journal.run.id,
        experiment=judged.experiment.name,
        target=manifest.target_name,
        profile=manifest.profile,
        seed=manifest.seed,
    )


def _exit_code(outcome: Outcome, findings: Sequence[Finding]) -> ExitCode:
    left = any(each.check == "left_behind" and each.outcome is Outcome.FAIL for each in findings)
    return ExitCode.NOT_UNDONE if left else of_outcome(outcome)


def _is_objective(finding: Finding) -> bool:
    # a projection may fail a run, but proves nothing by itself
    about = finding.check in ABOUT_THE_RUN or finding.check == "projection"
    return not about and finding.outcome is not Outcome.NOT_EXERCISED


def _nothing_judged() -> Finding:
    because = "no objective was judged: nothing that could have failed was exercised"
    return Finding("objectives", "objectives", Outcome.UNKNOWN, None, None, "", because)


def json_safe(value: Any) -> Any:
    """Replace infinities and NaN with None, so that any JSON reader accepts it."""
    if isinstance(value, dict):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
