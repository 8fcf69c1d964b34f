"""The verdict: the worst finding, as one line, one exit code and a stable JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from chaos.checks import left_behind
from chaos.checks.bad_answers import BadAnswers, bad_answers
from chaos.checks.check import Check, attempt, findings_of
from chaos.checks.course import Course, course
from chaos.checks.figure import Figures
from chaos.checks.figures import figures, lower_bounds, of_plugins
from chaos.checks.finding import Finding, Outcome, worst
from chaos.checks.finite import json_safe
from chaos.checks.fixes import Fix, fixes
from chaos.checks.headline import headline, is_partial, reasons
from chaos.checks.judged import Judged
from chaos.checks.link import Link
from chaos.checks.logged import Logged, logged
from chaos.checks.measured import Measured
from chaos.checks.registered import described, every
from chaos.errors import of_verdict

VERSION = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one run. `links` are in order of time; those that did not move come last."""

    outcome: Outcome  # never NOT_EXERCISED
    exit_code: int
    headline: str  # one sentence in plain words
    findings: tuple[Finding, ...]
    links: tuple[Link, ...]
    figures: Figures
    run: str
    experiment: str
    target: str
    profile: str | None
    seed: int | None
    reasons: tuple[str, ...] = ()  # what the headline rests on, one plain sentence each
    fixes: tuple[Fix, ...] = ()  # what to fix
    logged: Logged | None = None  # the errors in the target's logs; None if none was read
    bad_answers: BadAnswers = field(default_factory=BadAnswers)
    lower_bounds: tuple[str, ...] = ()  # names of the figures that may be larger

    @property
    def partial(self) -> bool:
        """A pass in which a step proved no effect."""
        return is_partial(self.outcome, self.findings)

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
                "partial": self.partial,
                "exit_code": self.exit_code,
                "headline": self.headline,
                "reasons": list(self.reasons),
                "fixes": [asdict(fix) for fix in self.fixes],
                "figures": self.figures,
                "lower_bounds": self.lower_bounds,
                "findings": [asdict(finding) for finding in self.findings],
                "links": [{**asdict(link), "moved": link.moved} for link in self.links],
                "bad_answers": self.bad_answers.to_json(),
                **({"logged": self.logged.to_json()} if self.logged is not None else {}),
            }
        )
        return document


def judge(judged: Judged, checks: Sequence[Check[Judged]] | None = None) -> Verdict:
    """Judge a stored run: the same run and experiment always give the same verdict. By default all registered `checks`
    are run. Raises Unreadable if a file of the run cannot be read."""
    findings = findings_of(every() if checks is None else checks, judged)
    if not any(_is_objective(finding) for finding in findings):
        findings.append(_nothing_judged())
    chain, unlinked = attempt("links", lambda: judged.links)
    told, untold = attempt("logged", lambda: logged(judged.journal, chain or ()))
    answered, unanswered = attempt("bad answers", lambda: bad_answers(judged.journal))
    run = Measured(judged, findings)
    measured, unmeasured = attempt("figures", lambda: figures(run))
    of_others, unusable = of_plugins(run)
    findings += [*unlinked, *untold, *unanswered, *unmeasured, *unusable]
    played, unplayed = attempt("course", lambda: course(judged))
    to_fix, unfixed = attempt("fixes", lambda: fixes(findings, chain or [], judged.journal.manifest, told))
    findings += [*unplayed, *unfixed]
    outcome, how = worst(finding.outcome for finding in findings), played or Course()
    manifest = judged.journal.manifest
    return Verdict(
        outcome=outcome,
        exit_code=of_verdict(outcome, left_behind=any(map(_is_left_behind, findings))),
        headline=headline(outcome, findings, how, measured or {}),
        reasons=reasons(outcome, findings, chain or [], how),
        fixes=to_fix or (),
        findings=tuple(findings),
        links=tuple(chain or ()),
        figures={**(measured or {}), **of_others},
        run=manifest.id or judged.journal.run.id,
        experiment=judged.experiment.name,
        target=manifest.target_name,
        profile=manifest.profile,
        seed=manifest.seed,
        logged=told,
        bad_answers=answered or BadAnswers(),
        lower_bounds=lower_bounds(findings),
    )


def _is_left_behind(finding: Finding) -> bool:
    return finding.check == left_behind.NAME and finding.outcome is Outcome.FAIL


def _is_objective(finding: Finding) -> bool:
    return described(finding.check).is_judgement and finding.outcome is not Outcome.NOT_EXERCISED


def _nothing_judged() -> Finding:
    because = "no SLO or limit was judged: nothing that could have failed was exercised"
    return Finding("objectives", Outcome.UNKNOWN, None, None, "", because, check="objectives")
