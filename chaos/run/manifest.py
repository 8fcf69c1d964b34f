"""`run.json`: everything needed to judge a run and to repeat it."""

from __future__ import annotations

import getpass
import os
import platform
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from chaos.load.ledger import base_of, marker
from chaos.plan.cures import cures
from chaos.plan.planned import Plan
from chaos.record.fields import write
from chaos.record.manifest import Host, LedgerKeys, Manifest
from chaos.record.store import RunDir
from chaos.spec import named_files


def save(run: RunDir, plan: Plan, versions: Mapping[str, str], overrides: Sequence[str]) -> None:
    """Write the manifest; it never changes afterwards."""
    base = base_of(run.id)
    found = Manifest(
        id=run.id,
        experiment_file=str(plan.experiment_file),
        target=plan.target.model_dump(mode="json"),
        options=plan.options.model_dump(mode="json"),
        started_by_us=plan.driver.started_by_us,
        profile=plan.profile,
        profile_settings=plan.settings,
        cures=cures(plan.target_file, plan.target, plan.profile),
        seed=plan.seed,
        ledger=LedgerKeys(base, marker(base)),
        command=command(plan, overrides),
        versions=programs(**versions),
        git=git_revision(),
        abort=tuple(condition.model_dump(mode="json", exclude_none=True) for condition in plan.aborts),
        runbook=tuple(planned.to_json() for planned in plan.runbook),
        drill=True if plan.experiment.drill is not None else None,  # if absent, the name decides
        part_of=plan.part_of,
        started_by=started_by(),
        started=now(),
        host=host(platform.node() if plan.experiment.drill is not None else None),
    )
    played(plan, found).save(run)


def played(plan: Plan, found: Manifest | None = None) -> Manifest:
    """Describe what is played, regardless of the target; the rest comes from `found`."""
    return replace(
        found or Manifest(),
        experiment=plan.experiment.model_dump(by_alias=True, mode="json"),
        plan=tuple(planned.to_json() for planned in plan.steps),
        left_out=tuple(write(each) for each in plan.left_out) or None,
    )


def programs(**versions: str) -> dict[str, str]:
    """Return the versions of midnight, Python and these packages."""
    return {"midnight": version("midnight-chaos"), "Python": platform.python_version(), **versions}


def now() -> str:
    """Return the current time in the manifest's format."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def command(plan: Plan, overrides: Sequence[str]) -> str:
    """Return the command that repeats the run."""
    experiment = typed(plan.experiment_file, plan.experiment.name, "experiments")
    target = typed(plan.target_file, plan.target.name, "targets")
    words = ["midnight", "run", experiment, "--target", target, "--seed", str(plan.seed)]
    if plan.profile is not None:
        words += ["--profile", plan.profile]
    for override in overrides:
        words += ["--set", override]
    if getattr(plan.options, "monitoring", False):
        words += ["--with", "monitoring"]
    return shlex.join(words)


def typed(path: Path, name: str, folder: str) -> str:
    """Return how to name a file on the command line: by name if that finds it, else by path."""
    found = named_files.available(folder).get(name)
    return name if found is not None and found.resolve() == path.resolve() else str(path)


def host(name: str | None = None) -> Host:
    """Describe the machine as far as a verdict depends on it; with its name on request."""
    memory = psutil.virtual_memory().total
    return Host(psutil.cpu_count(), _processor(), memory, platform.release(), name)


def _processor() -> str:
    """Return the CPU model reported by the kernel, or the architecture."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.machine()


def started_by() -> str:
    """Return the user, by uid if it has no name, and the one behind `sudo`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    behind = os.environ.get("SUDO_USER")
    return f"{user} (by sudo of {behind})" if behind else user


def git_revision() -> str | None:
    """Return the git revision of the working directory, with `-dirty` if it has changes; None outside git."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
            cwd=Path.cwd(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
