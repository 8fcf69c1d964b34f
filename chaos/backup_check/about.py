"""`run.json` of a restore: everything needed to judge it and to repeat it."""

from __future__ import annotations

import platform
import shlex

from chaos.backup_check.plan import Chosen
from chaos.plan.restore import RestorePlan
from chaos.record.manifest import Manifest
from chaos.record.store import RunDir
from chaos.run import manifest


def save(run: RunDir, plan: RestorePlan, chosen: Chosen) -> None:
    """Write the run's description, which never changes afterwards."""
    first = next(iter(chosen.installations), None)
    programs = {"PostgreSQL": f"{first.version}, {first.source}"} if first else {}
    Manifest(
        id=run.id,
        drill=True,
        experiment=plan.experiment.model_dump(mode="json"),
        experiment_file=str(plan.experiment_file),
        target=plan.target.model_dump(mode="json"),
        options=plan.options.model_dump(mode="json"),
        command=command(plan),
        versions=manifest.programs(**programs),
        git=manifest.git_revision(),
        started=manifest.now(),
        started_by=manifest.started_by(),
        host=manifest.host(platform.node()),
    ).save(run)


def command(plan: RestorePlan) -> str:
    """The command to repeat the run."""
    return shlex.join(
        ["midnight", "run", manifest.typed(plan.experiment_file, plan.experiment.name, "experiments"),
         "--target", manifest.typed(plan.target_file, plan.target.name, "targets")]
    )  # fmt: skip
