"""`midnight done STEP`: mark a manual runbook step of a running drill as done."""

from __future__ import annotations

from typing import Annotated

import typer

from chaos.errors import UsageError
from chaos.record import events, store
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.run import manifest
from chaos.undo.heal import in_progress

Step = Annotated[
    str | None,
    typer.Argument(metavar="[STEP]", help="Step to mark as done. Default: the one the drill waits for."),
]
Run = Annotated[
    str | None, typer.Option("--run", metavar="RUN", help="Run id, if several drills are waiting.")
]


def done(step: Step = None, run: Run = None) -> int:
    """Mark a manual runbook step of a running drill as done. Stops its clock."""
    waiting = {each: _waited_for(each) for each in ([store.find_run(run)] if run else in_progress())}
    found = [(each, name) for each, names in waiting.items() for name in names if step in (None, name)]
    if len(found) != 1:
        names = ", ".join(f"{name} ({each.id})" for each, some in waiting.items() for name in some)
        raise UsageError(f"name a step that the drill waits for: {names or 'none'}, got {step or 'no name'}")
    (place, name), *_ = found
    part = place.done(name).with_suffix(".part")
    part.write_text(manifest.started_by() + "\n")
    part.replace(place.done(name))
    print(f"{name}: done")
    return 0


def _waited_for(run: RunDir) -> list[str]:
    """Return the manual steps of the run that have begun and not ended."""
    journal = Journal(run)
    open_steps = {step.name for step in journal.every(events.RunbookStepBegun) if step.by == events.PERSON}
    over = {
        step.name
        for kind in (events.RunbookStepEnded, events.RunbookStepFailed)
        for step in journal.every(kind)
    }
    return sorted(open_steps - over)
