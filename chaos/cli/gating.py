"""Playing a gate: each experiment once, in turn; then the verdict, told and written."""

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

from chaos.checks import rejudge as judging
from chaos.checks import suite
from chaos.cli.memory import read_age, say
from chaos.cli.output import tell
from chaos.cli.playing import play, signals_kept
from chaos.errors import Aborted, MidnightError, UndoError, UsageError, worst
from chaos.gate import baseline as baselines
from chaos.gate.baseline import Baseline, NoBaseline, Wanted
from chaos.gate.case import Case
from chaos.gate.drill import judge_drill
from chaos.gate.tolerance import Tolerances, tolerances
from chaos.gate.verdict import GateRun, GateVerdict, RunVerdict, judge, judge_run
from chaos.history import Query, alike, open_index
from chaos.history.decision import decision as decide
from chaos.plan import build as plans
from chaos.plan.planned import Plan
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.reports import junit as as_junit
from chaos.reports import markdown as as_markdown
from chaos.reports.gate_terminal import print_gate
from chaos.reports.terminal import print_verdict
from chaos.run import manifest
from chaos.spec import yamlfile

__all__ = [
    "Asked",
    "Outputs",
    "drill_age",
    "find_baselines",
    "pass_through",
    "plan",
    "tolerances",
]


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files that are asked for."""

    junit: Path | None
    markdown: Path | None
    json: Path | None

    def check(self) -> None:
        """Raises UsageError for a file that could not be written after the runs."""
        for path in (self.junit, self.markdown, self.json):
            if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
                raise UsageError(f"{path}: cannot be written there")

    def write(self, gate: GateVerdict) -> list[str]:
        """Write each file, whatever becomes of the others; what went wrong, a line for each."""
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
                failed.append(f"{path} could not be written: {error.strerror or error}")
            except Exception as error:  # whatever one format dies of, the others are still written
                failed.append(f"{path} could not be written: {type(error).__name__}: {error}")
        return failed


def _as_json(gate: GateVerdict) -> str:
    return json.dumps(gate.to_json(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a gate asks for beside the objectives of the experiments. `strict`: a baseline of one run fails it too;
    `release`: where it passes its objectives, it is a new beginning for later comparisons."""

    baselines: Sequence[Baseline | None]
    tolerances: Tolerances
    allow_partial: bool
    drill_within: float | None  # seconds
    drill_target: str
    slo: Path | None  # a file of objectives in place of the experiments' own
    strict: bool = False
    release: bool = False


def plan(names: Sequence[str], target: str, profile: str | None, seed: int, slo: Path | None) -> list[Plan]:
    """The plan of every experiment. Raises FileError or UsageError, for a bad `slo` as well, before anything is
    touched."""
    for name in names:
        if suite.is_suite(yamlfile.search(name, "experiments")):
            rule = "a gate plays experiments, and asks for a drill by --require-drill-within"
            raise UsageError(f"{name} is a suite: {rule}")
    planned = [plans.build(name, target, profile, seed) for name in names]
    called = [each.experiment.name for each in planned]
    if twice := {name for name in called if called.count(name) > 1}:
        raise UsageError(f"{min(twice)!r} is named twice; a gate plays each experiment once")
    if slo is not None:
        for each in planned:
            judging.with_objectives(each.experiment, slo)
    return planned


def find_baselines(
    reference: str | None, planned: Sequence[Plan], *, allow_partial: bool, release: bool = False
) -> Sequence[Baseline | None]:
    """Found, and said, before anything is played: a run of this gate is no baseline of it. Raises UsageError for
    one that is missing, but for a first `release`, and FileError for a file that holds none."""
    if reference is None:
        return [None] * len(planned)
    index, found = open_index(say), list[Baseline | None]()
    for each in planned:
        try:
            found += baselines.find(reference, [_wanted(each)], index, allow_partial=allow_partial)
        except NoBaseline:
            if not release:
                raise
            found.append(None)
    for baseline in found:
        if baseline is not None:
            say(f"{baseline.experiment} is compared with {baseline.shown}")
    return found


def _wanted(plan: Plan) -> Wanted:
    played = json.loads(json.dumps(manifest.played(plan), default=str))
    return Wanted(
        plan.experiment.name,
        plan.target.name,
        plan.profile,
        play=alike.play_of(played),
        machine=alike.machine_of({"host": manifest.host()}),
        midnight=version("midnight-chaos"),
    )


def drill_age(text: str | None) -> float | None:
    """Seconds that the last drill may be old; None where none is required. Raises UsageError, also where memory,
    which will be asked for drills, cannot be."""
    if not text:
        return None
    age = read_age(text)
    open_index(say).close()
    return age


def pass_through(planned: Sequence[Plan], asked: Asked, outputs: Outputs, *, json_: bool = False) -> int:
    """Play, judge, write, tell; the gate's exit code."""
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
    )
    _record(verdict)
    code = verdict.exit_code
    for failure in outputs.write(verdict):
        say(failure)
        code = worst([code, MidnightError.exit_code])
    if json_:
        tell(lambda: print(_as_json(verdict), end=""))
    tell(lambda: print_gate(verdict, terminal))
    return code


def _play_all(planned: Sequence[Plan], asked: Asked, terminal: Terminal) -> list[RunVerdict]:
    """Every experiment in turn; an abort, or what could not be undone, ends the gate."""
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
    """Keep for later gates what this one has decided about each run; what goes wrong with that is said."""
    try:
        index = open_index(say)
        for run in verdict.runs:
            if run.decision is not None:
                made = decide(run.decision, manifest.started_by(), verdict.headline)
                for entry in index.find(Query(run=run.played.run)):
                    index.decide(entry, made)
    except (OSError, UsageError, SQLAlchemyError) as error:
        say(f"the gate's decision could not be recorded: {error}; its runs do not count as baselines")


def _play(plan: Plan, terminal: Terminal, *, first: bool) -> GateRun:
    begun = time.monotonic()
    try:
        with signals_kept():
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
    """The run judged by the objectives of the file; how it ended apart from them stays."""
    if played.path is None or played.verdict is None:
        return played
    verdict = judging.judge_run(RunDir(played.path), slo)
    codes = [verdict.exit_code]
    if played.exit_code in (MidnightError.exit_code, UndoError.exit_code):
        codes.append(played.exit_code)
    if _is_aborted(played):
        codes.append(Aborted.exit_code)
    code = worst(codes)
    return replace(played, exit_code=code, verdict={**verdict.to_json(), "exit_code": code})


def _ends_the_gate(played: GateRun) -> bool:
    return played.exit_code == UndoError.exit_code or _is_aborted(played)


def _is_aborted(played: GateRun) -> bool:
    """By its journal: in the exit code a violation may hide it."""
    ended = Journal(RunDir(played.path)).last("run", "run", "ended") if played.path else None
    return ended is not None and ended.detail["reason"] == "aborted"


def _unplayed(plan: Plan) -> GateRun:
    return GateRun(plan.experiment.name, plan.target.name, plan.profile, exit_code=None)


def _drill(asked: Asked) -> Case | None:
    """Judged after the runs: a drill that this gate has played counts."""
    if asked.drill_within is None:
        return None
    try:
        drills = open_index(say).find(Query(drill=True))
    except UsageError as error:  # memory was there before the runs
        return Case("drill", "last_passing_drill", "error", str(error))
    now = datetime.now(UTC)
    return judge_drill(drills, asked.drill_target, now, asked.drill_within, allow_partial=asked.allow_partial)
