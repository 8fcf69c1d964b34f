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
from chaos.errors import UndoError

VERSION = 1

EXIT_CODES = {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.UNKNOWN: 3}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said about one run. `links` are in order of time, those that did not move last."""

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
        """The content of verdict.json: only what JSON can hold, an infinity as null."""
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
    """The verdict on a stored run: the same run and experiment always give the same one. Without `checks` by every
    one that is registered. Raises Unreadable where a file of the run cannot be read."""
    findings = findings_of(every() if checks is None else checks, judged)
    if not any(_is_objective(finding) for finding in findings):
        findings.append(_nothing_judged())
    chain, unlinked = attempt("links", lambda: links(judged))
    measured, unmeasured = attempt("figures", lambda: figures(judged, findings))
    findings += [*unlinked, *unmeasured]
    outcome = worst(finding.outcome for finding in findings)
    about = judged.journal.about
    return Verdict(
        outcome=outcome,
        exit_code=_exit_code(outcome, findings),
        headline=headline(outcome, findings, chain or []),
        findings=tuple(findings),
        links=tuple(chain or ()),
        figures=measured or {},
        run=about.get("id", judged.journal.run.id),
        experiment=judged.experiment.name,
        target=about.get("target", {}).get("name", ""),
        profile=about.get("profile"),
        seed=about.get("seed"),
    )


def _exit_code(outcome: Outcome, findings: Sequence[Finding]) -> int:
    left = any(each.check == "left_behind" and each.outcome is Outcome.FAIL for each in findings)
    return UndoError.exit_code if left else EXIT_CODES[outcome]


def _is_objective(finding: Finding) -> bool:
    # a projection may fail a run; alone it proves nothing
    about = finding.check in ABOUT_THE_RUN or finding.check == "projection"
    return not about and finding.outcome is not Outcome.NOT_EXERCISED


def _nothing_judged() -> Finding:
    because = "no objective was judged: nothing that could have failed was exercised"
    return Finding("objectives", "objectives", Outcome.UNKNOWN, None, None, "", because)


def json_safe(value: Any) -> Any:
    """The value with infinities and NaN as None, so that any JSON reader takes it."""
    if isinstance(value, dict):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
