"""Restoring a backup as `midnight run restore-mine` does, in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.backup_check import runner
from chaos.checks.finding import Finding
from chaos.checks.result import RunResult
from chaos.plan.restore import build
from chaos.record.journal import Event, Journal
from chaos.record.store import RunDir
from chaos.undo.heal import outstanding
from tests.conftest import traces

HEARTBEAT = {"table": "heartbeat", "column": "at"}
COUNT = {"name": "kept", "sql": "SELECT count(*) FROM kept", "at_least": 1000}


@dataclass(frozen=True, slots=True)
class Done:
    """A restore that has ended, with nothing of it left."""

    run: RunDir
    ending: RunResult
    findings: dict[str, Finding]

    @property
    def journal(self) -> Journal:
        return Journal(self.run)

    @property
    def outcomes(self) -> dict[str, str]:
        return {name: finding.outcome.value for name, finding in self.findings.items()}

    @property
    def headline(self) -> str:
        """The first line, and what each check says."""
        verdict = self.ending.verdict
        assert verdict is not None
        return "; ".join([verdict.headline, *(finding.because for finding in verdict.findings)])

    def event(self, name: str, phase: str, source: str = "restore") -> Event:
        return self.journal.find(source, name, phase)[-1]


class Restoring:
    """Target and experiment files in `place`, where the reports go too."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def target(self, kind: str, path: Path, production: dict[str, Any] | None = None, **options: Any) -> str:
        document = {"name": "mine", "driver": "backup", "production": production}
        asked = {"heartbeat": HEARTBEAT, "queries": [COUNT]}
        document["options"] = {"kind": kind, "path": str(path), **asked, **options}
        file = self.place / "mine.yaml"
        file.write_text(json.dumps(document))  # JSON is YAML
        return str(file)

    def experiment(self, **changes: Any) -> str:
        document = {"name": "restore-mine", "title": "Ours", "restore": {"within": "10m"}}
        document |= {"budget": {"rto": "5m", "rpo": "5m"}, **changes}
        file = self.place / "experiment.yaml"
        file.write_text(json.dumps(document))
        return str(file)

    def __call__(
        self, kind: str, path: Path, *, experiment: dict[str, Any] | None = None, **options: Any
    ) -> Done:
        plan = build(self.experiment(**(experiment or {})), self.target(kind, path, **options))
        ending = runner.start(plan, lambda _: lambda _: None)
        run = ending.run
        assert ending.verdict is not None, ending.errors
        assert outstanding(run) == []
        assert traces(run.id) == set()
        return Done(run, ending, {finding.name: finding for finding in ending.verdict.findings})
