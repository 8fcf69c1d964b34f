"""The verdict of a gate: every run, the comparison with the baseline, and the drill; one exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from chaos.checks.figures import recalled
from chaos.checks.finite import json_safe
from chaos.errors import ExitCode, of_run, worst
from chaos.gate.baseline import Baseline
from chaos.gate.case import RUN, Case, CaseOutcome, of_finding
from chaos.gate.compare import compare
from chaos.gate.tolerance import Tolerances
from chaos.history.decision import State
from chaos.history.entry import links_of

VERSION = 1


@dataclass(frozen=True, slots=True)
class GateRun:
    """One experiment as played for a gate. `verdict`: the content of its verdict.json, None if missing; `exit_code`:
    None if it was not played."""

    experiment: str
    target: str
    profile: str | None
    exit_code: int | None
    verdict: dict[str, Any] | None = None
    errors: tuple[str, ...] = ()
    run: str = ""
    path: Path | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """One experiment as judged by the gate."""

    played: GateRun
    baseline: Baseline | None
    cases: tuple[Case, ...]
    exit_code: int
    decision: State | None = (
        None  # decides whether later runs are compared with it; None if it was not played
    )

    @property
    def advisory(self) -> list[str]:
        """Cases worse than the baseline that do not fail the gate."""
        return [each.because for each in self.cases if each.outcome == "advisory"]

    @property
    def reasons(self) -> list[str]:
        """The deciding cases, empty if it passes."""
        verdict = self.played.verdict
        if self.exit_code == ExitCode.UNKNOWN and verdict is not None and verdict["verdict"] == "unknown":
            return [verdict["headline"]]  # names the root cause of all unknowns
        deciding = [each for each in self.cases if each.exit_code]
        if self.exit_code != ExitCode.UNKNOWN:
            deciding = [each for each in deciding if each.outcome != "unknown"]
        return list(dict.fromkeys(each.because for each in deciding))


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """A gate's verdict on a release."""

    runs: tuple[RunVerdict, ...]
    drill: Case | None
    exit_code: int
    headline: str
    target: str
    profile: str | None
    seed: int
    started: str  # UTC, ISO 8601
    audit: tuple[Case, ...] = ()  # of the manifests, if required

    def to_json(self) -> dict[str, Any]:
        """One document for the whole, usable as the baseline of the next release."""
        document: dict[str, Any] = json_safe(
            {
                "version": VERSION,
                "kind": "gate",
                "verdict": ExitCode(self.exit_code).verdict,
                "exit_code": self.exit_code,
                "headline": self.headline,
                "target": self.target,
                "profile": self.profile,
                "seed": self.seed,
                "started": self.started,
                "drill": asdict(self.drill) if self.drill else None,
                "audit": [asdict(case) for case in self.audit],
                "runs": [_run_json(each) for each in self.runs],
            }
        )
        return document


def judge_run(
    played: GateRun,
    baseline: Baseline | None,
    tolerances: Tolerances,
    *,
    allow_partial: bool,
    strict: bool = False,
    release: bool = False,
) -> RunVerdict:
    """Judge the run's own findings, whether it exercised every link, and the comparison. That is only advisory with a
    single-run baseline unless `strict`, and always with `release`, which starts a new baseline."""
    if played.exit_code is None:
        case = Case(RUN, RUN, "not exercised", "not played: the gate ended before it")
        return RunVerdict(played, baseline, (case,), ExitCode.PASS)
    ended = of_run(played.exit_code, judged=played.verdict is not None)
    headline = played.verdict["headline"] if played.verdict is not None else ""
    cases = [_of_ending(ended, "; ".join(played.errors) or (headline if ended is ExitCode.UNKNOWN else ""))]
    if played.verdict is not None:
        cases += [of_finding(finding) for finding in played.verdict["findings"]]
        cases += _of_links(played.verdict, allow_partial)
        if baseline is not None and played.verdict["verdict"] in ("pass", "fail"):
            advisory = release or (len(baseline.past) == 1 and not strict)
            bounds = frozenset(played.verdict.get("lower_bounds", ()))
            figures = recalled(played.verdict)
            cases += compare(figures, baseline.past, tolerances, advisory=advisory, lower_bounds=bounds)
    code = worst([ended, *(case.exit_code for case in cases if case.check != RUN)])
    return RunVerdict(played, baseline, tuple(cases), code)


def judge(
    runs: Sequence[RunVerdict],
    drill: Case | None,
    *,
    target: str,
    profile: str | None,
    seed: int,
    started: str,
    release: bool = False,
    audit: Sequence[Case] = (),
) -> GateVerdict:
    """Judge the whole: the worst of all, by precedence of exit codes. `release`: if it passes, each run starts a new
    baseline."""
    others = [*([drill] if drill else []), *audit]
    code = worst([*(each.exit_code for each in runs), *(each.exit_code for each in others)])
    decided = tuple(replace(each, decision=_decision(each, code, release=release)) for each in runs)
    headline = _headline(code, runs, others)
    return GateVerdict(decided, drill, code, headline, target, profile, seed, started, tuple(audit))


def _decision(run: RunVerdict, code: ExitCode, *, release: bool) -> State | None:
    """Decide whether the run counts: only if the whole gate has passed, since a refused run must not become the measure
    of the next try."""
    if not run.played.run:
        return None
    if code is not ExitCode.PASS:
        return "refused"
    return "released" if release else "worse" if run.advisory else "passed"


def _of_ending(code: ExitCode, told: str) -> Case:
    """Judge how the run ended, apart from its findings."""
    if code in (ExitCode.PASS, ExitCode.VIOLATED):
        return Case(RUN, RUN, "pass", "played to its end")
    if code is ExitCode.UNKNOWN:
        return Case(RUN, RUN, "unknown", told or "no verdict possible")
    return Case(RUN, RUN, "error", f"{code.words.lower()}: {told or 'it left no verdict'}")


def _of_links(verdict: dict[str, Any], allow_partial: bool) -> list[Case]:
    """A pass with unexercised links is not a pass, unless allowed."""
    exercised, links = links_of(verdict)
    if verdict["verdict"] != "pass" or exercised == links:
        return []
    told = f"PARTIAL, {exercised} of {links} links exercised"
    outcome: CaseOutcome = "pass" if allow_partial else "unknown"
    because = (
        f"{told}, allowed" if allow_partial else f"{told}: a gate accepts that only with --allow-partial"
    )
    return [Case("links", "links_exercised", outcome, because, exercised, links, "count", "≥")]


def _headline(code: ExitCode, runs: Sequence[RunVerdict], others: Sequence[Case]) -> str:
    told = [f"{run.played.experiment}: {'; '.join(run.reasons)}" for run in runs if run.exit_code]
    told += [each.because for each in others if each.exit_code]
    if not told:
        told = [", ".join(run.played.experiment for run in runs)]
    return f"{code.words}: {' | '.join(told)}"


def _run_json(run: RunVerdict) -> dict[str, Any]:
    played, baseline = run.played, run.baseline
    return {
        "experiment": played.experiment,
        "run": played.run,
        "path": str(played.path) if played.path else None,
        "exit_code": run.exit_code,
        "seconds": round(played.seconds, 3),
        "errors": played.errors,
        "reasons": run.reasons,
        "baseline": baseline.shown if baseline else None,
        "baseline_runs": len(baseline.past) if baseline else 0,
        "advisory": run.advisory,
        "decision": run.decision,
        "past": [dict(figures) for figures in baseline.past] if baseline else [],
        "cases": [asdict(case) for case in run.cases],
        "verdict": played.verdict,
    }
