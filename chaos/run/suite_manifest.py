"""The record of a suite's own run, as it is played: `run.json`, which grows by each scenario that has ended."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from chaos.checks.suite import Part, Suite
from chaos.plan.planned import Plan
from chaos.record.store import RunDir
from chaos.run import manifest


def save(run: RunDir, suite: Suite, path: Path, plans: Sequence[Plan]) -> None:
    """`run.json` of the suite's own run, before its first scenario; `plans` has one for each."""
    target, profile, seed = plans[0].target.name, plans[0].profile, plans[0].seed
    words = ["midnight", "run", suite.name, "--target", target, "--seed", str(seed)]
    document = {
        "version": manifest.VERSION,
        "id": run.id,
        "experiment": suite.model_dump(mode="json"),
        "experiment_file": str(path),
        "target": {"name": target},
        "profile": profile,
        "seed": seed,
        "command": " ".join([*words, *(["--profile", profile] if profile else [])]),
        "versions": {"midnight": version("midnight-chaos"), "Python": platform.python_version()},
        "git": manifest.git_revision(),
        "drill": any(plan.experiment.drill is not None for plan in plans),
        "started_by": manifest.started_by(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": manifest.host(),
        "parts": [],
    }
    run.run_file.write_text(json.dumps(document, indent=1))


def save_part(run: RunDir, part: Part) -> None:
    """Add a scenario that has ended to the suite's `run.json`."""
    document = json.loads(run.run_file.read_text())
    entry = {"title": part.title, "run": part.run.id, "path": str(part.run.path), "exit_code": part.exit_code}
    document["parts"].append(entry)
    unfinished = run.run_file.with_suffix(".part")
    unfinished.write_text(json.dumps(document, indent=1))
    unfinished.replace(run.run_file)
