"""What a run is compared with: a stored run, the newest that passed, or a file kept from the last release."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.errors import FileError, UsageError
from chaos.memory import Entry, Index, Query
from chaos.memory.entry import Figures, figures_of

LATEST = "latest-pass"

Wanted = tuple[str, str, str | None]  # experiment, target, profile


@dataclass(frozen=True, slots=True)
class Baseline:
    """The figures to compare with, and where they come from."""

    source: str
    experiment: str
    target: str
    profile: str | None
    figures: Figures

    def differs_from(self, wanted: Wanted) -> str:
        """What makes the comparison unlike with unlike, empty when nothing does."""
        _, target, profile = wanted
        other = []
        if self.target != target:
            other.append(f"target {self.target}")
        if self.profile != profile:
            other.append(f"profile {self.profile or 'none'}")
        return f"the baseline was played on {' and '.join(other)}" if other else ""


def find(reference: str, wanted: Sequence[Wanted], index: Index, *, allow_partial: bool) -> list[Baseline]:
    """The baseline of each experiment, in order. Raises UsageError or FileError for one that is missing."""
    if reference == LATEST:
        return [_latest_pass(each, index, allow_partial) for each in wanted]
    given = Path(reference)
    found = _of_file(given) if given.is_file() else [_of_entry(_named(reference, index))]
    by_name = {each.experiment: each for each in found}
    for experiment, *_ in wanted:
        if experiment not in by_name:
            there = ", ".join(by_name) or "none"
            raise UsageError(f"--baseline {reference}: holds no run of {experiment!r}, but of {there}")
    return [by_name[experiment] for experiment, *_ in wanted]


def _latest_pass(wanted: Wanted, index: Index, allow_partial: bool) -> Baseline:
    experiment, target, profile = wanted
    passed = index.find(Query(experiment=experiment, target=target, profile=profile, verdict="pass"))
    whole = [each for each in passed if each.exit_code == 0 and (allow_partial or not each.partial)]
    if not whole:
        profiled = f", profile {profile}" if profile else ""
        raise UsageError(
            f"--baseline {LATEST}: no run of {experiment!r} against {target}{profiled} has passed yet"
        )
    return _of_entry(whole[-1])


def _named(reference: str, index: Index) -> Entry:
    given = Path(reference)
    run = given.resolve().name if given.is_dir() else reference
    found = [
        each for each in index.find(Query(run=run)) if not given.is_dir() or each.path == given.resolve()
    ]
    if len(found) != 1:
        what = "names several runs" if found else "is no stored run and no file"
        raise UsageError(f"--baseline {reference}: {what}; `midnight runs` lists the runs")
    return found[0]


def _of_entry(entry: Entry) -> Baseline:
    _refuse_undecided(f"run {entry.run}", entry.verdict)
    return Baseline(f"run {entry.run}", *entry.group, entry.figures)


def _of_file(path: Path) -> list[Baseline]:
    """The verdict.json of one run, or what a gate wrote with --json."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        runs = document["runs"] if document.get("kind") == "gate" else [{"verdict": document}]
        return [_of_verdict(path, run["verdict"]) for run in runs if run["verdict"] is not None]
    except (OSError, ValueError) as error:
        raise FileError(path, None, "", f"cannot be read: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise FileError(path, None, "", f"is no verdict.json: {type(error).__name__} {error}") from error


def _of_verdict(path: Path, verdict: dict[str, Any]) -> Baseline:
    _refuse_undecided(f"{path}: {verdict['experiment']}", verdict["verdict"])
    names = verdict["experiment"], verdict["target"], verdict["profile"]
    return Baseline(f"run {verdict['run']} of {path.name}", *names, figures_of(verdict))


def _refuse_undecided(what: str, verdict: str | None) -> None:
    if verdict not in ("pass", "fail"):
        raise UsageError(
            f"--baseline: {what} has no verdict that could be compared with ({verdict or 'none'})"
        )
