"""The table of commands, in the order of `midnight --help`.

Only the module of the command that is called is imported: importing all of them takes over a second.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command or group is defined, as `module:attribute`, and its line in the help: at most 66 characters."""

    defined: str
    line: str

    def load(self) -> Any:
        module, _, attribute = self.defined.partition(":")
        return getattr(import_module(f"chaos.cli.{module}"), attribute)


COMMANDS: Mapping[str, Entry] = {
    "init": Entry("init:init", "Look at a service and write its first target file."),
    "run": Entry("run:run", "Play an experiment against a target and judge it."),
    "plan": Entry("run:plan", "Print what a run would do, and what its target lacks."),
    "gate": Entry("gate:gate", "Play experiments and decide whether to release."),
    "audit": Entry("audit:audit", "Find settings in manifests that will hurt at midnight."),
    "list": Entry("experiments:list_", "List experiments and targets, local and built-in."),
    "show": Entry("show:show", "Print an experiment, target, profile or fault."),
    "validate": Entry("experiments:validate", "Validate files."),
    "runs": Entry("memory:runs", "List stored runs that match all filters, newest last."),
    "trend": Entry("memory:trend", "Show trends in an experiment's figures."),
    "prune": Entry("memory:prune", "Delete runs that neither --keep nor --older-than protects."),
    "report": Entry("runs:report", "Render a stored run's report again and print its path."),
    "judge": Entry("runs:judge", "Judge a stored run again."),
    "explain": Entry("runs:explain", "Explain what happened in a run and what to fix."),
    "done": Entry("done:done", "Mark a manual runbook step of a running drill as done."),
    "errors": Entry("errors_command:errors", "Group the errors in logs by exception and place."),
    "undo": Entry("machine:undo", "Undo what a run left behind."),
    "stop": Entry("machine:stop", "Stop a run in progress."),
    "halt": Entry("machine:halt", "Block new runs on this machine, or allow them."),
    "doctor": Entry("doctor:doctor", "Check this machine's tools."),
    "bugreport": Entry("bugreport:bugreport", "Pack a run for a bug report."),
    "leaks": Entry("leaks:leaks", "Show what a live process holds, and what grows."),
    "survey": Entry("survey:survey", "Show what this machine plans for the night."),
    "import": Entry("import_:app", "Write recorded requests into a target: HAR, OpenAPI, k6, logs."),
    "schema": Entry("schema:schema", "Print a JSON schema, for completion and checks in an editor."),
    "alerts": Entry("alerts:alerts", "Replay a run against alerting rules."),
    "metrics": Entry("metrics:metrics", "Print metrics for Prometheus."),
    "web": Entry("web:web", "Serve the morning page: runs, trends, drills, schedules."),
    "baseline": Entry("baseline:app", "Manage the runs that a gate compares with."),
    "stack": Entry("stack:app", "Start and stop a target to experiment with by hand."),
    "target": Entry("target:app", "Prepare a target: proxy, disk, gauges, alerts, witness."),
    "schedule": Entry("schedule:app", "Run experiments on a schedule: nightly, monthly, cron."),
}


def add_to(app: typer.Typer, called: Collection[str]) -> None:
    """Register every command; those that are not called only by name and line."""
    for name, entry in COMMANDS.items():
        if name not in called:
            app.command(name, short_help=entry.line)(_uncalled)
        elif isinstance(loaded := entry.load(), typer.Typer):
            app.add_typer(loaded, name=name, short_help=entry.line)
        else:
            app.command(name, short_help=entry.line)(loaded)


def _uncalled() -> None:
    raise AssertionError("a command that was not called has no function")
