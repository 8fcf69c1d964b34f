"""`midnight undo`, `midnight stop`, `midnight halt`: for the machine's operator."""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from chaos.errors import ExitCode, UndoError, UsageError, of_undo, worst
from chaos.record import store
from chaos.run import stack
from chaos.run.stopping import ask_to_end
from chaos.undo.heal import Healed, heal_elsewhere
from chaos.undo.locks import is_locked

STOP_WITHIN = 120.0  # seconds for a stopped run to undo its faults

Reference = Annotated[str | None, typer.Argument(metavar="[RUN]", help="Run id, path, or `latest`.")]
All = Annotated[bool, typer.Option("--all", help="Stop every run in progress on this machine.")]


class Switch(StrEnum):
    ON = "on"
    OFF = "off"
    STATUS = "status"


def undo(run: Reference = None) -> int:
    """Undo what a run left behind. Default: every run not yet healed, and what a killed `stack up` has started."""
    chosen = [store.find_run(run)] if run else store.unhealed_runs()
    halfway = [] if run else stack.left_halfway()
    if not chosen and not halfway:
        print("nothing to undo")
    codes = [_told(f"stack {name}", stack.down(name, force=True)) for name in halfway]
    for run_dir in chosen:
        if run is None and is_locked(run_dir):
            print(f"{run_dir.id}: still running; stop it with `midnight stop {run_dir.id}`")
            continue
        try:
            codes.append(_told(run_dir.id, heal_elsewhere(run_dir, "midnight undo", wait=10.0)))
        except UndoError as error:  # heal the other runs all the same
            print(f"midnight: {error}", file=sys.stderr)
            codes.append(error.exit_code)
    return worst(codes)


def _told(whose: str, healed: list[Healed]) -> ExitCode:
    if not healed:
        print(f"{whose}: nothing to undo")
    for result in healed:
        outcome = f"NOT undone: {result.error}" if result.error else "undone"
        print(f"{whose}: {result.what.source} {result.what.name}: {outcome}")
    return of_undo(any(result.error for result in healed))


def stop(run: Reference = None, all_: All = False) -> int:
    """Stop a run in progress. It undoes everything and exits 4."""
    if (run is None) == (not all_):
        raise UsageError("name a run, or give --all")
    chosen = store.unhealed_runs() if run is None else [store.find_run(run)]
    playing = [run_dir for run_dir in chosen if is_locked(run_dir)]
    if not playing:
        print("no run in progress")
        return 0
    end, told = time.monotonic() + STOP_WITHIN, set[str]()
    while still := [run_dir for run_dir in playing if is_locked(run_dir)]:
        for run_dir in still:
            if run_dir.id not in told and ask_to_end(run_dir):  # one that is just starting is asked again
                told.add(run_dir.id)
        if time.monotonic() > end:
            raise UndoError(
                f"{still[0].id} has not ended; undo what it left with `midnight undo {still[0].id}`"
            )
        time.sleep(0.1)  # the lock is released when everything is undone; there is no event to await
    for run_dir in playing:
        print(f"{run_dir.id}: stopped")
    return 0


def halt(
    switch: Annotated[Switch, typer.Argument(help="on: block new runs. off: allow them again.")],
) -> None:
    """Block new runs on this machine, or allow them. Runs in progress continue."""
    flag: Path = store.halt_file()
    try:
        if switch is Switch.ON:
            flag.parent.mkdir(parents=True, exist_ok=True)
            flag.touch()
        elif switch is Switch.OFF:
            flag.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{flag}: cannot write: {error.strerror}") from None
    print("halted: new runs are blocked on this machine" if flag.exists() else "not halted")
