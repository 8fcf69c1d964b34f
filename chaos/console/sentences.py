"""One event of a run as a line: on the terminal, on the morning page, and while a backup is restored."""

from __future__ import annotations

import math
from collections.abc import Mapping

from chaos.record import events
from chaos.record.event import Event, Recorded
from chaos.record.events.run import BUSY
from chaos.spec import doses

_LINES: Mapping[type[Recorded], str] = {
    events.RunBegun: "run started",
    events.BaselineBegun: "baseline started",
    events.PlayBegun: "play started",
    events.PlayEnded: "play ended",
    events.AftermathBegun: "watching until service is back",
    events.AftermathEnded: "stopped watching the service",
    events.ReadbackEnded: "read back the acknowledged writes",
    events.LogsRead: "counted the log lines",
    events.ErrorsRead: "read the logs for errors",
    events.LoadReady: "load generator is ready",
    events.AbortFired: "abort condition {name} fired",
    events.RestoresMeasured: "measured how fast this machine restores",
    events.InvariantBefore: "invariant {name}: asked before the play",
    events.InvariantAfter: "invariant {name}: asked after the play",
    events.SourceLost: "sampling source {name} lost",
    events.AlertPending: "alert {name}: pending",
    events.AlertFiring: "alert {name}: firing",
    events.AlertResolved: "alert {name}: resolved",
    events.AlertRouted: "alert {name}: routed",
    events.AlertDelivered: "alert {name}: delivered",
    events.WatchReached: "alerts: watching {name}",
    events.WatchLost: "alerts: cannot watch {name}",
    events.WatchEnded: "alerts: stopped watching {name}",
    events.QueryRead: "query {name}: answered",
    events.QuerySampled: "query {name}: answered",
    events.QueryAnswered: "query {name}: answered",
    events.QuietPoint: "counted what the target holds: {name}",
    events.Grown: "named what grew: {name}",
    events.TargetRising: "preparing target {name}",
    events.TargetCreating: "creating {name}",
    events.TargetReady: "target {name} is ready",
    events.GaugesFound: "read the gauges of target {name}",
    events.TargetRemoved: "removed {name}",
    events.TargetNotRemoved: "could not remove {name}",
    events.InventoryBefore: "listed what belongs to others",
    events.InventoryAfter: "compared what belongs to others",
    events.HealerEnded: "{name} undid what was left behind",
    events.StepNotUndone: "step {name}: could not be undone",
    events.RunbookStepBegun: "runbook step {name}: started",
    # A detector watches from the start: its time is for the verdict to count.
    events.RunbookStepEnded: "runbook step {name}: done",
    events.RunbookStepFailed: "runbook step {name}: failed",
    events.RunbookStepSkipped: "runbook step {name}: skipped",
    events.BackupChosen: "chose the backup",
    events.BackupDescribed: "read the description of the backup",
    events.BackupIdentified: "computed the checksums of the backup",
    events.RestoreBegun: "restore started",
    events.RestoreLacking: "trying the next PostgreSQL",
    events.RestoreFailed: "restore failed",
    events.RestoreOutlasted: "restore took too long",
    events.RestoreEnded: "restored the backup",
    events.UnpackEnded: "unpacked the dump",
    events.CreateEnded: "created the cluster",
    events.CopyEnded: "copied the files",
    events.ReplayEnded: "replayed the WAL",
    events.LoadEnded: "loaded the dump",
    events.IsolationProven: "examined what the copy can reach",
    events.ContentsCounted: "counted the tables",
    events.HeartbeatRead: "read the newest heartbeat",
    events.RelationsChecked: "ran pg_amcheck",
    events.FilesVerified: "verified the files of the backup",
}
"""Events whose source, name and phase do not make a line by themselves, as those of steps and plug-ins do."""


def sentence(event: Event) -> str:
    """Describe an event in one line."""
    because = f": {event.because}" if event.because else ""
    step = f"step {event.name}"
    match known := events.known(event):
        case events.RunEnded(reason=str(reason)):
            return f"run ended: {reason}{because}"
        case events.MachineLooked(busy=busy):
            return _machine(busy or 0.0)
        case events.BaselineEnded(steady=steady):
            return f"{'steady state' if steady else 'no steady state'}{because}"
        case events.StepInjecting(fault=fault):
            return f"{step}: injecting" + ("" if fault in (None, event.name) else f" {fault}")
        case events.StepHeld():
            return f"{step}: held; {_doses(known)}"
        case events.RunbookStepBegun(told=str(told)) if told:
            return f"runbook step {event.name}: do this by hand: {told}; then run: midnight done {event.name}"
    line = _LINES.get(type(known)) if known else None
    return f"{line.format(name=event.name) if line else _as_written(event)}{because}"


def _as_written(event: Event) -> str:
    if event.source == events.StepHeld.source:
        return f"step {event.name}: {event.phase}"
    return " ".join(dict.fromkeys((event.source, event.name, event.phase)))


def _machine(busy: float) -> str:
    expected = ": expect `unknown`" if busy >= BUSY else ""
    return f"other programs use {math.floor(busy * 100)} % of the machine just now{expected}"


def _doses(held: events.StepHeld) -> str:
    shown = [
        doses.phrase(name, dose, held.floor.get(name)) if isinstance(dose, int | float) else f"{name} {dose}"
        for name, dose in held.dose.items()
    ]
    return ", ".join(shown) or "no dose recorded"
