"""`midnight baseline set|clear|show`: which runs a gate compares with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from chaos.cli.memory import say
from chaos.cli.output import Json, tell
from chaos.errors import UsageError
from chaos.run import manifest

if TYPE_CHECKING:  # brings SQLAlchemy, which a command waits for only when it asks memory
    from chaos.history import Decision, Entry, Index

app = typer.Typer(help="Choose the runs that a gate compares with.", no_args_is_help=True)

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, its beginning, or its directory.")]
Because = Annotated[str, typer.Option(help="Why, for those who read it later.")]
Experiment = Annotated[str | None, typer.Argument(metavar="[EXPERIMENT]", help="Of this experiment only.")]
Target = Annotated[str | None, typer.Option(help="Of this target only.")]
Profile = Annotated[str | None, typer.Option(help="Of this profile only.")]


@app.command("set")
def set_(run: Run, because: Because = "") -> None:
    """Release a run: later ones are compared with it and with what passes after it, not with what lies before."""
    from chaos.history.decision import decision

    index, entry = _named(run)
    if entry.verdict not in ("pass", "fail"):
        raise UsageError(f"{entry.run}: has no verdict to compare with ({entry.verdict or 'none'})")
    _decide(index, entry, decision("released", manifest.started_by(), because))
    print(f"{entry.run} ({entry.verdict}): the baseline of {_group(entry)} begins with it")


@app.command()
def clear(run: Run, because: Because = "") -> None:
    """Withdraw a run: nothing is compared with it any more. Runs before a release that is withdrawn count again."""
    from chaos.history.decision import decision

    index, entry = _named(run)
    if not entry.counts:
        raise UsageError(
            f"{entry.run}: does not count as a baseline; `midnight baseline show` lists those that do"
        )
    _decide(index, entry, decision("withdrawn", manifest.started_by(), because))
    print(f"{entry.run}: no longer counts as a baseline of {_group(entry)}")


@app.command()
def show(
    experiment: Experiment = None, target: Target = None, profile: Profile = None, json_: Json = False
) -> None:
    """List the runs that later ones are compared with, oldest first, and why each of them counts."""
    from chaos.gate.baseline import counted
    from chaos.history import open_index

    found = counted(open_index(say), experiment, target, profile)
    if json_:
        tell(lambda: print(json.dumps([_document(each) for each in found], indent=1)))
    else:
        tell(lambda: _show(found))


def _named(run: str) -> tuple[Index, Entry]:
    from chaos.gate.baseline import named
    from chaos.history import open_index

    index = open_index(say)
    return index, named(run, index)


def _decide(index: Index, entry: Entry, made: Decision) -> None:
    try:
        index.decide(entry, made)
    except OSError as error:
        raise UsageError(f"{entry.path}: cannot be written: {error.strerror}") from None


def _group(entry: Entry) -> str:
    return f"{entry.experiment} on {entry.target}, profile {entry.profile or 'none'}"


def _show(found: list[Entry]) -> None:
    if not found:
        print("no baseline yet: a run counts once its gate has passed, or after `midnight baseline set RUN`")
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
