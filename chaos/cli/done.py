"""`midnight done STEP`: a person tells a drill that a step of the runbook is done."""

from __future__ import annotations

from typing import Annotated

import typer

from chaos.errors import UsageError
from chaos.record import events, store
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.run import manifest
from chaos.undo.heal import is_locked

Step = Annotated[
    str | None, typer.Argument(metavar="[STEP]", help="The one that is waited for, if not given.")
]
Run = Annotated[str | None, typer.Option("--run", metavar="RUN", help="Where several drills wait.")]


def done(step: Step = None, run: Run = None) -> int:
    """Tell the drill that is being played that you have done a step of its runbook; its stopwatch ends."""
    waiting = {each: _waited_for(each) for each in ([store.find_run(run)] if run else _played())}
    found = [(each, name) for each, names in waiting.items() for name in names if step in (None, name)]
    if len(found) != 1:
        names = ", ".join(f"{name} ({each.id})" for each, some in waiting.items() for name in some)
        raise UsageError(
            f"name the step that is done; waited for: {names or 'none'}, got {step or 'no name'}"
        )
    (place, name), *_ = found
    part = place.done(name).with_suffix(".part")
    part.write_text(manifest.started_by() + "\n")
    part.replace(place.done(name))
    print(f"{name}: done")
    return 0


def _played() -> list[RunDir]:
    return [run for run in store.unhealed_runs() if is_locked(run)]


def _waited_for(run: RunDir) -> list[str]:
    """The steps of the run that a person has begun and not ended."""
    journal = Journal(run)
    open_steps = {deed.name for deed in journal.every(events.DeedBegun) if deed.by == events.PERSON}
    over = {deed.name for kind in (events.DeedEnded, events.DeedFailed) for deed in journal.every(kind)}
    return sorted(open_steps - over)
