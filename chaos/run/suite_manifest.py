"""The manifest of a suite's own run: `run.json`, extended by each scenario that ends."""

from __future__ import annotations

import platform
from dataclasses import replace

from chaos.checks.result import RunResult
from chaos.plan.suite import SuitePlan
from chaos.record.manifest import Manifest, PlayedPart
from chaos.record.store import RunDir
from chaos.run import manifest


def save(run: RunDir, plan: SuitePlan) -> None:
    """Write `run.json` of the suite's own run, before its first scenario."""
    suite, plans = plan.suite, plan.plans
    target, profile, seed = plans[0].target.name, plans[0].profile, plans[0].seed
    words = ["midnight", "run", suite.name, "--target", target, "--seed", str(seed)]
    Manifest(
        id=run.id,
        experiment=suite.model_dump(mode="json"),
        experiment_file=str(plan.file),
        target={"name": target},
        profile=profile,
        seed=seed,
        command=" ".join([*words, *(["--profile", profile] if profile else [])]),
        versions=manifest.programs(),
        git=manifest.git_revision(),
        drill=any(each.experiment.drill is not None for each in plans),
        started_by=manifest.started_by(),
        started=manifest.now(),
        host=manifest.host(platform.node()),
        parts=(),
    ).save(run)


def save_part(run: RunDir, part: RunResult) -> None:
    """Add an ended scenario to the suite's `run.json`."""
    found = Manifest.load(run.run_file)
    played = PlayedPart(part.title, part.run.id, str(part.run.path), part.exit_code)
    replace(found, parts=(*(found.parts or ()), played)).save(run)
