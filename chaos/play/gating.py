"""Play a gate: each experiment once, in turn; then print and write the verdict."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console as Terminal
from sqlalchemy.exc import SQLAlchemyError

from chaos.audit import auditing
from chaos.checks import rejudge as judging
from chaos.console.output import say, tell
from chaos.errors import ExitCode, MidnightError, UsageError, of_rejudged, together, worst
from chaos.gate import baseline as baselines
from chaos.gate.baseline import Baseline, NoBaseline, Wanted
from chaos.gate.case import Case
from chaos.gate.drill import judge_drill
from chaos.gate.manifests import judge_manifests
from chaos.gate.tolerance import Tolerances, tolerances
from chaos.gate.verdict import GateRun, GateVerdict, RunVerdict, judge, judge_run
from chaos.history import alike
from chaos.history.decision import decision as decide
from chaos.history.index import open_index
from chaos.history.query import Query
from chaos.plan import build as plans
from chaos.plan.planned import Plan
from chaos.play.playing import play
from chaos.play.stored import ended
from chaos.record.events import RunEnded
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.reports import junit as as_junit
from chaos.reports import markdown as as_markdown
from chaos.reports.gate_terminal import print_gate
from chaos.reports.terminal import print_verdict
from chaos.run import manifest, signals
from chaos.spec import kind, named_files
from chaos.spec.kind import Kind
from chaos.spec.units import read_age

__all__ = [
    "Asked",
    "Outputs",
    "audit_manifests",
    "drill_age",
    "find_baselines",
    "pass_through",
    "plan",
    "tolerances",
]


@dataclass(frozen=True, slots=True)
class Outputs:
    """Output files, None if not requested."""

    junit: Path | None
    markdown: Path | None
    json: Path | None

    def check(self) -> None:
        """Raises UsageError for a file that could not be written after the runs."""
        for path in (self.junit, self.markdown, self.json):
            if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
                raise UsageError(f"{path}: cannot write there")

    def write(self, gate: GateVerdict) -> list[str]:
        """Write each file, even if another one fails. Returns one line per failure."""
        failed = []
        formats: tuple[tuple[Path | None, Callable[[GateVerdict], str]], ...] = (
            (self.json, _as_json),
            (self.junit, as_junit.render),
            (self.markdown, as_markdown.render),
        )
        for path, render in formats:
            try:
                if path is not None:
                    path.write_text(render(gate), encoding="utf-8")
            except OSError as error:
                failed.append(f"could not write {path}: {error.strerror or error}")
            except Exception as error:  # a bug in one format must not lose the others
                failed.append(f"could not write {path}: {type(error).__name__}: {error}")
        return failed


def _as_json(gate: GateVerdict) -> str:
    return json.dumps(gate.to_json(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a gate requires besides the experiments' own objectives. `strict`: a single-run baseline can fail it too;
    `release`: start a new baseline if it passes its objectives."""

    baselines: Sequence[Baseline | None]
    tolerances: Tolerances
    allow_partial: bool
    drill_within: float | None  # seconds
    drill_target: str
    slo: Path | None  # an SLO file that replaces the experiments' own objectives
    strict: bool = False
    release: bool = False
    audit: Sequence[Case] = ()  # of the manifests, read before anything was played


def plan(names: Sequence[str], target: str, profile: str | None, seed: int, slo: Path | None) -> list[Plan]:
    """Plan every experiment. Raises FileError or UsageError, also for a bad `slo`, before anything is touched."""
    for name in names:
        if kind.of_file(named_files.search(name, "experiments")) is Kind.SUITE:
            rule = "a gate plays experiments; to require a drill, use --require-drill-within"
            raise UsageError(f"{name} is a suite: {rule}")
    planned = [plans.build(name, target, profile, seed) for name in names]
    called = [each.experiment.name for each in planned]
    if twice := {name for name in called if called.count(name) > 1}:
        raise UsageError(f"duplicate experiment {min(twice)!r}: a gate plays each experiment once")
    if slo is not None:
        return [each.with_slos(judging.with_objectives(each.experiment, slo).slos) for each in planned]
    return planned


def find_baselines(
    reference: str | None, planned: Sequence[Plan], *, allow_partial: bool, release: bool = False
) -> Sequence[Baseline | None]:
    """Find and print the baselines before anything is played, so that this gate's own runs are not among them. Raises
    UsageError if one is missing, except with `release`, and FileError for a file without a baseline."""
    if reference is None:
        return [None] * len(planned)
    index, found = open_index(say), list[Baseline | None]()
    for each in planned:
        try:
            found += baselines.find(reference, [_wanted(each)], index, ended, allow_partial=allow_partial)
        except NoBaseline:
            if not release:
                raise
            found.append(None)
    for baseline in found:
        if baseline is not None:
            say(f"{baseline.experiment} is compared with {baseline.shown}")
    return found


def _wanted(plan: Plan) -> Wanted:
    played = manifest.played(plan).as_stored()
    return Wanted(
        plan.experiment.name,
        plan.target.name,
        plan.profile,
        plan.seed,
        play=alike.play_of(played),
        machine=alike.machine_of(manifest.host()),
        midnight=version("midnight-chaos"),
    )


def drill_age(text: str | None) -> float | None:
    """Return the maximum age of the last drill in seconds; None if no drill is required. Raises UsageError, also if
    the history, which is queried for drills later, cannot be opened."""
    if not text:
        return None
    age = read_age(text)
    open_index(say).close()
    return age


def audit_manifests(paths: Sequence[Path]) -> list[Case]:
    """Audit manifests before anything is played. Raises UsageError or FileError if one cannot be read."""
    if not paths:
        return []
    audit = auditing.audit(paths)
    if audit.unread:
        raise together(audit.unread)
    return judge_manifests(audit)


def pass_through(planned: Sequence[Plan], asked: Asked, outputs: Outputs, *, json_: bool = False) -> int:
    """Play, judge, write and print. Returns the gate's exit code."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    terminal = Terminal(stderr=json_, highlight=False)
    judged = _play_all(planned, asked, terminal)
    first = planned[0]
    verdict = judge(
        judged,
        _drill(asked),
        target=first.target.name,
        profile=first.profile,
        seed=first.seed,
        started=started,
        release=asked.release,
        audit=asked.audit,
    )
    _record(verdict)
    code = verdict.exit_code
    for failure in outputs.write(verdict):
        say(failure)
        code = worst([code, ExitCode.FAILED])
    if json_:
        tell(lambda: print(_as_json(verdict), end=""))
    tell(lambda: print_gate(verdict, terminal))
    return code


def _play_all(planned: Sequence[Plan], asked: Asked, terminal: Terminal) -> list[RunVerdict]:
    """Play every experiment in turn. An abort or a failed undo ends the gate."""
    judged: list[RunVerdict] = []
    for each, baseline in zip(planned, asked.baselines, strict=True):
        over = any(_ends_the_gate(done.played) for done in judged)
        played = _unplayed(each) if over else _play(each, terminal, first=not judged)
        if asked.slo is not None:
            played = judged_by(asked.slo, played)
        judged.append(
            judge_run(
                played,
                baseline,
                asked.tolerances,
                allow_partial=asked.allow_partial,
                strict=asked.strict,
                release=asked.release,
            )
        )
    return judged


def _record(verdict: GateVerdict) -> None:
    """Record the decision about each run for later gates. Errors are printed."""
    try:
        index = open_index(say)
        for run in verdict.runs:
            if run.decision is not None:
                made = decide(run.decision, manifest.started_by(), verdict.headline)
                for entry in index.find(Query(run=run.played.run)):
                    index.decide(entry, made)
    except (OSError, UsageError, SQLAlchemyError) as error:
        say(f"could not record the gate's decision: {error}; its runs do not count as baselines")


def _play(plan: Plan, terminal: Terminal, *, first: bool) -> GateRun:
    begun = time.monotonic()
    try:
        with signals.kept():
            played = play(plan, (), terminal)
    except MidnightError as error:
        if first:
            raise  # nothing was touched
        return replace(_unplayed(plan), exit_code=error.exit_code, errors=(str(error),))
    if (verdict := played.verdict) is not None:
        tell(lambda: print_verdict(played.run, verdict, terminal))
    return replace(
        _unplayed(plan),
        exit_code=played.exit_code,
        verdict=verdict.to_json() if verdict else None,
        errors=played.errors,
        run=played.run.id,
        path=played.run.path,
        seconds=time.monotonic() - begun,
    )


def judged_by(slo: Path, played: GateRun) -> GateRun:
    """Judge the run by the file's objectives; keep how the run itself ended."""
    if played.path is None or played.verdict is None:
        return played
    verdict = judging.judge_run(RunDir(played.path), slo)
    assert played.exit_code is not None, "it was played"
    code = of_rejudged(verdict.exit_code, played.exit_code, aborted=_is_aborted(played))
    return replace(played, exit_code=code, verdict={**verdict.to_json(), "exit_code": code})


def _ends_the_gate(played: GateRun) -> bool:
    return played.exit_code == ExitCode.NOT_UNDONE or _is_aborted(played)


def _is_aborted(played: GateRun) -> bool:
    """Read from the journal: a violation may hide it in the exit code."""
    ended = Journal(RunDir(played.path)).latest(RunEnded) if played.path else None
    return ended is not None and ended.reason == "aborted"


def _unplayed(plan: Plan) -> GateRun:
    return GateRun(plan.experiment.name, plan.target.name, plan.profile, exit_code=None)


def _drill(asked: Asked) -> Case | None:
    """Judge after the runs: a drill that this gate played counts."""
    if asked.drill_within is None:
        return None
    try:
        drills = open_index(say).find(Query(drill=True))
    except UsageError as error:  # the history could be opened before the runs
        return Case("drill", "last_passing_drill", "error", str(error))
    now = datetime.now(UTC)
    return judge_drill(drills, asked.drill_target, now, asked.drill_within, allow_partial=asked.allow_partial)
