"""`midnight undo`, `midnight stop`, `midnight halt`: what a machine's keeper needs."""

from __future__ import annotations

import os
import signal
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from chaos.errors import UndoError, UsageError
from chaos.host.processes import process_of
from chaos.plugin.handles import ProcessRef
from chaos.record import store
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.undo.heal import Healed, heal_elsewhere, is_locked

STOP_WITHIN = 120.0  # seconds that a stopped run may take to undo what it did

Reference = Annotated[str | None, typer.Argument(metavar="[RUN]", help="A run's id, a path, or `latest`.")]
All = Annotated[bool, typer.Option("--all", help="Every run that is being played on this machine.")]


class Switch(StrEnum):
    ON = "on"
    OFF = "off"
    STATUS = "status"


def undo(run: Reference = None) -> int:
    """Undo what a run left behind; without RUN, every run that is listed as not healed."""
    chosen = [store.find_run(run)] if run else store.unhealed_runs()
    if not chosen:
        print("nothing to undo")
    code = 0
    for run_dir in chosen:
        if run is None and is_locked(run_dir):
            print(f"{run_dir.id}: is being played; `midnight stop {run_dir.id}` stops it")
            continue
        try:
            code = max(code, _report(run_dir, heal_elsewhere(run_dir, "midnight undo", wait=10.0)))
        except UndoError as error:  # the other runs can still be healed
            print(f"midnight: {error}", file=sys.stderr)
            code = error.exit_code
    return code


def _report(run_dir: RunDir, healed: list[Healed]) -> int:
    if not healed:
        print(f"{run_dir.id}: nothing was left to undo")
    for result in healed:
        outcome = f"NOT undone: {result.error}" if result.error else "undone"
        print(f"{run_dir.id}: {result.what.source} {result.what.name}: {outcome}")
    return UndoError.exit_code if any(result.error for result in healed) else 0


def stop(run: Reference = None, all_: All = False) -> int:
    """Stop a run that is being played: it undoes everything and ends with 4."""
    if (run is None) == (not all_):
        raise UsageError("name a run, or give --all")
    chosen = store.unhealed_runs() if run is None else [store.find_run(run)]
    playing = [run_dir for run_dir in chosen if is_locked(run_dir)]
    if not playing:
        print("no run is being played")
        return 0
    end, told = time.monotonic() + STOP_WITHIN, set[str]()
    while still := [run_dir for run_dir in playing if is_locked(run_dir)]:
        for run_dir in still:
            player = _player(run_dir)  # one that is just beginning has not yet said who it is
            if player is not None and run_dir.id not in told:
                told.add(run_dir.id)
                os.kill(player.pid, signal.SIGTERM)
        if time.monotonic() > end:
            raise UndoError(f"{still[0].id} has not ended; `midnight undo {still[0].id}` heals it")
        time.sleep(0.1)  # the lock is given back when everything is undone; it cannot be awaited
    for run_dir in playing:
        print(f"{run_dir.id}: stopped")
    return 0


def _player(run_dir: RunDir) -> ProcessRef | None:
    begun = Journal(run_dir).last("run", "run", "begun")
    if begun is None:
        return None
    ref = ProcessRef(begun.detail["pid"], begun.detail["create_time"])
    return ref if process_of(ref) is not None else None


def halt(switch: Annotated[Switch, typer.Argument(help="on: no run starts on this machine.")]) -> None:
    """Keep runs from starting on this machine, or let them again. Runs being played go on."""
    flag: Path = store.halt_file()
    try:
        if switch is Switch.ON:
            flag.parent.mkdir(parents=True, exist_ok=True)
            flag.touch()
        elif switch is Switch.OFF:
            flag.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{flag}: cannot be written: {error.strerror}") from None
    print("halted: no run starts on this machine" if flag.exists() else "not halted")
