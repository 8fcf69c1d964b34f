"""`run.json` of a restore: everything needed to judge it and to repeat it."""

from __future__ import annotations

import json
import platform
import shlex
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from chaos.backup_check.plan import Chosen
from chaos.plan.restore import RestorePlan
from chaos.record.store import RunDir
from chaos.run import manifest


def save(run: RunDir, plan: RestorePlan, chosen: Chosen) -> None:
    """Write what the run is about; it is not changed afterwards."""
    first = next(iter(chosen.installations), None)
    programs = {"PostgreSQL": f"{first.version}, {first.source}"} if first else {}
    document: dict[str, Any] = {
        "version": manifest.VERSION,
        "id": run.id,
        "drill": True,
        "experiment": plan.experiment.model_dump(mode="json"),
        "experiment_file": str(plan.experiment_file),
        "target": plan.target.model_dump(mode="json"),
        "options": plan.options.model_dump(mode="json"),
        "profile": None,
        "seed": None,
        "command": command(plan),
        "versions": {"midnight": version("midnight-chaos"), "Python": platform.python_version(), **programs},
        "git": manifest.git_revision(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "started_by": manifest.started_by(),
        "host": {**manifest.host(), "name": platform.node()},
    }
    run.run_file.write_text(json.dumps(document, indent=1, default=str))


def command(plan: RestorePlan) -> str:
    """What to type to repeat the run."""
    return shlex.join(
        ["midnight", "run", manifest.typed(plan.experiment_file, plan.experiment.name, "experiments"),
         "--target", manifest.typed(plan.target_file, plan.target.name, "targets")]
    )  # fmt: skip
