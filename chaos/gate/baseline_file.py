"""A baseline kept as a file: the verdict.json of a run, or a gate's --json-file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.checks.figures import recalled
from chaos.errors import ExitCode, FileError
from chaos.history.decision import COUNTING, of_document
from chaos.history.entry import Figures
from chaos.record.store import RunDir
from chaos.spec.userfile import read_json


@dataclass(frozen=True, slots=True)
class Kept:
    """One run of a file, and the figures that it was compared with; `past` ends with its own."""

    run: str
    experiment: str
    target: str
    profile: str | None
    seed: int | None
    past: tuple[Figures, ...]


def read(path: Path) -> Mapping[str, Kept]:
    """Return the file's runs by experiment. Raises FileError for an invalid file or a refused run."""
    document = read_json(path)
    try:
        if document.get("kind") == "gate":
            if document["exit_code"] != ExitCode.PASS:
                rule = f"that gate ended with {document['exit_code']}: release its run before you use it as a baseline"
                raise FileError(path, None, "", f"{rule} (midnight baseline set RUN)")
            found = [
                _kept(path, run["verdict"], run.get("past") or ())
                for run in document["runs"]
                if run["verdict"] is not None
            ]
        else:
            _refuse_refused(path)
            found = [_kept(path, document, ())]
        return {each.experiment: each for each in found}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FileError(path, None, "", f"invalid verdict.json: {type(error).__name__} {error}") from error


def _refuse_refused(path: Path) -> None:
    """Raises FileError for the verdict of a stored run that its gate refused."""
    beside = RunDir(path.parent).decision
    if beside.exists() and of_document(read_json(beside)).state not in COUNTING:
        remedy = f"to release it: midnight baseline set {path.absolute().parent.name}"
        rule = f"its gate did not pass, or it was withdrawn; {remedy}"
        raise FileError(path, None, "", rule)


def _kept(path: Path, verdict: Mapping[str, Any], past: Any) -> Kept:
    if verdict["verdict"] not in ("pass", "fail"):
        told = verdict["verdict"] or "none"
        raise FileError(
            path,
            None,
            "",
            f"{verdict['experiment']} needs a pass or fail verdict to be compared with, got {told}",
        )
    before = tuple(_figures(each) for each in past)
    return Kept(
        str(verdict["run"]),
        str(verdict["experiment"]),
        str(verdict["target"]),
        verdict["profile"],
        verdict.get("seed"),
        (*before, recalled(dict(verdict))),
    )


def _figures(given: Mapping[str, Any]) -> Figures:
    """Read null as infinity, which JSON lacks, as in verdict.json."""
    return recalled({"figures": given})
