"""A baseline kept as a file: the verdict.json of one run, or what a gate wrote with --json-file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.checks.figures import recalled
from chaos.errors import FileError
from chaos.history.decision import COUNTING, of_document
from chaos.history.entry import Figures
from chaos.record.store import RunDir
from chaos.spec.userfile import read_json


@dataclass(frozen=True, slots=True)
class Kept:
    """One run of a file, and the figures it was itself compared with; `past` ends with its own."""

    run: str
    experiment: str
    target: str
    profile: str | None
    past: tuple[Figures, ...]


def read(path: Path) -> Mapping[str, Kept]:
    """The runs of the file by experiment. Raises FileError for what is none, or was refused."""
    document = read_json(path)
    try:
        if document.get("kind") == "gate":
            if document["exit_code"] != 0:
                rule = (
                    f"that gate ended with {document['exit_code']}: a run counts as a baseline once released"
                )
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
        raise FileError(path, None, "", f"is no verdict.json: {type(error).__name__} {error}") from error


def _refuse_refused(path: Path) -> None:
    """Raises FileError for the verdict of a stored run that its gate has refused."""
    beside = RunDir(path.parent).decision
    if beside.exists() and of_document(read_json(beside)).state not in COUNTING:
        remedy = f"to release it: midnight baseline set {path.absolute().parent.name}"
        rule = f"its gate did not pass, or it was withdrawn; {remedy}"
        raise FileError(path, None, "", rule)


def _kept(path: Path, verdict: Mapping[str, Any], past: Any) -> Kept:
    if verdict["verdict"] not in ("pass", "fail"):
        told = verdict["verdict"] or "none"
        raise FileError(path, None, "", f"{verdict['experiment']} has no verdict to compare with ({told})")
    before = tuple(_figures(each) for each in past)
    return Kept(
        str(verdict["run"]),
        str(verdict["experiment"]),
        str(verdict["target"]),
        verdict["profile"],
        (*before, recalled(dict(verdict))),
    )


def _figures(given: Mapping[str, Any]) -> Figures:
    """JSON has no infinity: there it is null, as in a verdict.json."""
    return recalled({"figures": given})
