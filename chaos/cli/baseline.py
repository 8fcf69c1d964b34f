"""`midnight baseline set|clear|show`: manage the runs that a gate compares with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from chaos.cli.options import Json, Reference
from chaos.console.output import say, tell
from chaos.errors import UsageError
from chaos.run import manifest

if TYPE_CHECKING:  # imports SQLAlchemy: slow, and needed only to query the history
    from chaos.history.decision import Decision
    from chaos.history.entry import Entry
    from chaos.history.index import Index

app = typer.Typer(help="Manage the runs that a gate compares with.", no_args_is_help=True)

Because = Annotated[str, typer.Option(help="Reason, kept with the decision.")]
Experiment = Annotated[
    str | None, typer.Argument(metavar="[EXPERIMENT]", help="Only runs of this experiment.")
]
Target = Annotated[str | None, typer.Option(help="Only runs against this target.")]
Profile = Annotated[str | None, typer.Option(help="Only runs on this profile.")]


@app.command("set")
def set_(run: Reference, because: Because = "") -> None:
    """Start the baseline at a run. Later runs are compared with it and with passing runs after it, not before it."""
    from chaos.history.decision import decision

    index, entry = _named(run)
    if entry.verdict not in ("pass", "fail"):
        raise UsageError(
            f"{entry.run}: needs a pass or fail verdict to be compared with, got {entry.verdict or 'none'}"
        )
    _decide(index, entry, decision("released", manifest.started_by(), because))
    print(f"{entry.run} ({entry.verdict}): the baseline of {_group(entry)} starts here")


@app.command()
def clear(run: Reference, because: Because = "") -> None:
    """Remove a run from the baseline. If `set` started the baseline at it, the runs before it count again."""
    from chaos.history.decision import decision

    index, entry = _named(run)
    if not entry.counts:
        raise UsageError(
            f"{entry.run}: not in the baseline; `midnight baseline show` lists the runs that are"
        )
    _decide(index, entry, decision("withdrawn", manifest.started_by(), because))
    print(f"{entry.run}: removed from the baseline of {_group(entry)}")


@app.command()
def show(
    experiment: Experiment = None, target: Target = None, profile: Profile = None, json_: Json = False
) -> None:
    """List the baseline runs, oldest first, and why each one counts."""
    from chaos.gate.baseline import counted
    from chaos.history.index import open_index

    found = counted(open_index(say), experiment, target, profile)
    if json_:
        tell(lambda: print(json.dumps([_document(each) for each in found], indent=1)))
    else:
        tell(lambda: _show(found))


def _named(run: str) -> tuple[Index, Entry]:
    from chaos.gate.baseline import named
    from chaos.history.index import open_index
    from chaos.play.stored import ended

    index = open_index(say)
    return index, named(run, index, ended)


def _decide(index: Index, entry: Entry, made: Decision) -> None:
    try:
        index.decide(entry, made)
    except OSError as error:
        raise UsageError(f"{entry.path}: cannot write: {error.strerror}") from None


def _group(entry: Entry) -> str:
    return f"{entry.experiment} on {entry.target}, profile {entry.profile or 'none'}"


def _show(found: list[Entry]) -> None:
    if not found:
        print("no baseline yet: pass a gate, or run `midnight baseline set RUN`")
    for group in dict.fromkeys(each.group for each in found):
        runs = [each for each in found if each.group == group]
        print(f"{_group(runs[0])}: {len(runs)}")
        for each in runs:
            assert each.decision is not None, "it counts by its decision"
            because = f": {each.decision.because}" if each.decision.because else ""
            where = f"{each.machine or 'machine not recorded'}, midnight {each.midnight or 'not recorded'}"
            print(
                f"  {each.run}  {each.verdict}  {each.decision.state} by {each.decision.by}{because}  ({where})"
            )


def _document(entry: Entry) -> dict[str, object]:
    assert entry.decision is not None, "it counts by its decision"
    return {
        "run": entry.run,
        "experiment": entry.experiment,
        "target": entry.target,
        "profile": entry.profile,
        "verdict": entry.verdict,
        "state": entry.decision.state,
        "at": entry.decision.at,
        "by": entry.decision.by,
        "because": entry.decision.because,
        "machine": entry.machine,
        "midnight": entry.midnight,
        "path": str(entry.path),
    }
