"""`run.json`: everything needed to judge a run and to repeat it."""

from __future__ import annotations

import getpass
import json
import os
import platform
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from chaos.load.ledger import base_of, marker
from chaos.plan.planned import Plan
from chaos.record import redact
from chaos.record.store import RunDir
from chaos.spec import yamlfile

VERSION = 1


def save(run: RunDir, plan: Plan, versions: Mapping[str, str], overrides: Sequence[str]) -> None:
    """Write what the run is about; it is not changed afterwards."""
    document = {
        "version": VERSION,
        "id": run.id,
        **played(plan),
        "experiment_file": str(plan.experiment_file),
        "target": plan.target.model_dump(mode="json"),
        "options": plan.options.model_dump(mode="json"),
        "started_by_us": plan.driver.started_by_us,
        "profile": plan.profile,
        "profile_settings": plan.settings,
        "seed": plan.seed,
        "ledger": {"base": base_of(run.id), "marker": marker(base_of(run.id))},  # see chaos.load.ledger
        "command": command(plan, overrides),
        "versions": {"midnight": version("midnight-chaos"), "Python": platform.python_version(), **versions},
        "git": git_revision(),
        "abort": [condition.model_dump(mode="json", exclude_none=True) for condition in plan.aborts],
        "runbook": [planned.to_json() for planned in plan.runbook],
        "drill": True if plan.experiment.drill is not None else None,  # without a word the name decides
        "part_of": plan.part_of,
        "started_by": started_by(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": host(),
    }
    run.run_file.write_text(json.dumps(redact.known.redactor.record(document), indent=1, default=str))


def played(plan: Plan) -> dict[str, Any]:
    """What is played, whatever it is aimed at."""
    return {
        "experiment": plan.experiment.model_dump(by_alias=True, mode="json"),
        "plan": [planned.to_json() for planned in plan.steps],
    }


def command(plan: Plan, overrides: Sequence[str]) -> str:
    """What to type to repeat the run."""
    experiment = typed(plan.experiment_file, plan.experiment.name, "experiments")
    target = typed(plan.target_file, plan.target.name, "targets")
    words = ["midnight", "run", experiment, "--target", target, "--seed", str(plan.seed)]
    if plan.profile is not None:
        words += ["--profile", plan.profile]
    for override in overrides:
        words += ["--set", override]
    return shlex.join(words)


def typed(path: Path, name: str, folder: str) -> str:
    """What to type for a file: its name where that finds it, else its path."""
    found = yamlfile.available(folder).get(name)
    return name if found is not None and found.resolve() == path.resolve() else str(path)


def host() -> dict[str, Any]:
    """The machine, as far as a verdict depends on it."""
    memory = psutil.virtual_memory().total
    return {
        "cpus": psutil.cpu_count(),
        "cpu": _processor(),
        "memory_bytes": memory,
        "kernel": platform.release(),
    }


def _processor() -> str:
    """The processor's model, as the kernel names it; its architecture where it names none."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.machine()


def started_by() -> str:
    """The user, by number where it has no name, and whose it is where `sudo` made that user root."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    behind = os.environ.get("SUDO_USER")
    return f"{user} (by sudo of {behind})" if behind else user


def git_revision() -> str | None:
    """The revision of the working directory, marked `-dirty` when it has changes; None outside of git."""
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
