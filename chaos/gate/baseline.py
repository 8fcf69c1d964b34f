"""The baseline of a gate: all comparable runs that count, one stored run, or a file kept from the last release.

A run counts if the gate that played it passed, or if a person released it (`chaos.history.decision`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.checks.figures import every
from chaos.checks.text import many
from chaos.errors import UsageError
from chaos.gate import baseline_file
from chaos.history.entry import Entry, Figures, Unreadable, read_entry
from chaos.history.index import Index
from chaos.history.query import Query
from chaos.record.store import RunDir

LATEST = "latest-pass"
LAST = 30  # of the comparable runs, the newest

Ended = Callable[[str], RunDir]
"""Finds a run that has ended by its reference, as every command does. Raises UsageError."""


class NoBaseline(UsageError):
    """No comparable run counts yet."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is about to be played, and where: `play`, `machine` and `midnight` as in the history."""

    experiment: str
    target: str
    profile: str | None
    seed: int | None = None
    play: str | None = None
    machine: str | None = None
    midnight: str | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """The figures to compare with, oldest first, and their source.

    `notes` list how the baseline differs from what is played, and which runs were left out for that.
    """

    source: str
    experiment: str
    past: tuple[Figures, ...]
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """`5 runs, the newest 2026... (2 left out: another machine)`."""
        return f"{self.source} ({'; '.join(self.notes)})" if self.notes else self.source


def find(
    reference: str, wanted: Sequence[Wanted], index: Index, ended: Ended, *, allow_partial: bool
) -> list[Baseline]:
    """Find the baseline of each experiment, in order. Raises UsageError or FileError if one is missing."""
    if reference == LATEST:
        return [latest(each, index, allow_partial=allow_partial) for each in wanted]
    given = Path(reference)
    if given.exists() and not given.is_dir():
        return [_of_file(given, each) for each in wanted]
    try:
        entry = named(reference, index, ended)
    except UsageError as error:
        if given.suffix or len(given.parts) > 1:
            raise UsageError(f"--baseline {reference}: no such file, and {error}") from None
        raise
    return [_of_entry(reference, entry, each) for each in wanted]


def latest(wanted: Wanted, index: Index, *, allow_partial: bool) -> Baseline:
    """Return every comparable run that counts, back to the newest release. Raises UsageError if there is none."""
    found = counted(index, wanted.experiment, wanted.target, wanted.profile)
    counting = [each for each in found if each.profile == wanted.profile]
    alike, left_out = _alike(counting, wanted, allow_partial=allow_partial)
    if not alike:
        raise NoBaseline(_none(wanted, left_out))
    notes = [f"{many(number, 'run')} left out: {why}" for why, number in left_out.items()]
    newest = alike[-1]
    source = f"{many(len(alike), 'run')}, the newest {newest.run}" if len(alike) > 1 else f"run {newest.run}"
    return Baseline(
        source,
        wanted.experiment,
        tuple(_of_seed(each.figures, each.seed, wanted) for each in alike),
        tuple(notes),
    )


def counted(index: Index, experiment: str | None, target: str | None, profile: str | None) -> list[Entry]:
    """Return the runs that later ones are compared with, oldest first: since the newest release of each group."""
    found = index.find(Query(experiment=experiment, target=target, profile=profile, counts=True))
    begins: dict[tuple[str, str, str | None], Entry] = {}
    for each in found:
        assert each.decision is not None, "it counts by its decision"
        before = begins.get(each.group)
        newer = before is None or before.decision is None or before.decision.at < each.decision.at
        if each.decision.state == "released" and newer:
            begins[each.group] = each
    return [each for each in found if each.group not in begins or each.started >= begins[each.group].started]


def named(reference: str, index: Index, ended: Ended) -> Entry:
    """Find a run as every command does, else one of another reports directory in a shared index. Raises UsageError."""
    try:
        run = ended(reference)
    except UsageError:
        elsewhere = [each for each in index.find(Query(run=reference)) if not index.is_here(each)]
        if len(elsewhere) != 1:
            raise
        return elsewhere[0]
    indexed = (each for each in index.find(Query(run=run.id)) if each.path == run.path)
    try:
        return next(indexed, None) or read_entry(run)
    except (Unreadable, FileNotFoundError) as error:
        raise UsageError(f"{reference}: {error}") from None


def _alike(
    counting: Sequence[Entry], wanted: Wanted, *, allow_partial: bool
) -> tuple[list[Entry], Counter[str]]:
    """Return the newest comparable runs, and how many others were left out, by reason."""
    alike: list[Entry] = []
    left_out: Counter[str] = Counter()
    for each in counting:
        if why := _unlike(each, wanted, allow_partial=allow_partial):
            left_out[why] += 1
        else:
            alike.append(each)
    exercised = [each for each in alike if each.links_exercised == alike[-1].links_exercised]
    if len(exercised) < len(alike):
        left_out["another number of links exercised"] += len(alike) - len(exercised)
    return exercised[-LAST:], left_out


def _unlike(entry: Entry, wanted: Wanted, *, allow_partial: bool) -> str:
    if entry.partial and not allow_partial:
        return "not every link exercised"
    if None not in (entry.play, wanted.play) and entry.play != wanted.play:
        return "different load or steps"
    if None not in (entry.machine, wanted.machine) and entry.machine != wanted.machine:
        return f"another machine ({entry.machine})"
    if None not in (entry.midnight, wanted.midnight) and entry.midnight != wanted.midnight:
        return f"midnight {entry.midnight}"
    return ""


def _none(wanted: Wanted, left_out: Counter[str]) -> str:
    profiled = f", profile {wanted.profile}" if wanted.profile else ""
    there = f" (left out: {', '.join(f'{number} with {why}' for why, number in left_out.items())})"
    return (
        f"--baseline {LATEST}: no comparable run of {wanted.experiment!r} against {wanted.target}{profiled} "
        f"has passed a gate yet{there if left_out else ''}; run the gate once without --baseline "
        f"or run: midnight baseline set RUN"
    )


def _of_entry(reference: str, entry: Entry, wanted: Wanted) -> Baseline:
    if entry.experiment != wanted.experiment:
        newest = f"; name one: latest:{wanted.experiment}" if reference == "latest" else ""
        what = f"is a run of {entry.experiment!r}, not of {wanted.experiment!r}"
        raise UsageError(f"--baseline {reference}: {what}{newest}")
    if entry.verdict not in ("pass", "fail"):
        found = entry.verdict or "none"
        raise UsageError(
            f"--baseline {reference}: run {entry.run} needs a pass or fail verdict to be compared with, got {found}"
        )
    if entry.decision is not None and not entry.counts:
        said = {"withdrawn": "was withdrawn", "worse": "was worse than its baseline"}
        what = said.get(entry.decision.state, "was refused by its gate")
        remedy = f"to release it: midnight baseline set {entry.run}"
        raise UsageError(f"--baseline {reference}: run {entry.run} {what}; {remedy}")
    notes = _differences(entry.target, entry.profile, wanted)
    if why := _unlike(entry, wanted, allow_partial=True):
        notes.append(f"it has {why}")
    return Baseline(
        f"run {entry.run}", entry.experiment, (_of_seed(entry.figures, entry.seed, wanted),), tuple(notes)
    )


def _of_file(path: Path, wanted: Wanted) -> Baseline:
    kept = baseline_file.read(path)
    if wanted.experiment not in kept:
        there = ", ".join(kept) or "none"
        raise UsageError(f"--baseline {path}: has no run of {wanted.experiment!r}, only of {there}")
    found = kept[wanted.experiment]
    notes = _differences(found.target, found.profile, wanted)
    more = f" and {many(len(found.past) - 1, 'run')} before it" if len(found.past) > 1 else ""
    past = tuple(_of_seed(each, found.seed, wanted) for each in found.past)
    return Baseline(f"run {found.run}{more}, of {path.name}", wanted.experiment, past, tuple(notes))


def _of_seed(figures: Figures, seed: int | None, wanted: Wanted) -> Figures:
    """Drop what only a run of the same seed can be compared with, if this is not one."""
    if None in (seed, wanted.seed) or seed == wanted.seed:
        return figures
    moved = {each.name for each in every() if each.of_seed}
    return {name: value for name, value in figures.items() if name not in moved}


def _differences(target: str, profile: str | None, wanted: Wanted) -> list[str]:
    found = []
    if target != wanted.target:
        found.append(f"played on target {target}")
    if profile != wanted.profile:
        found.append(f"played on profile {profile or 'none'}")
    return found
