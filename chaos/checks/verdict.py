"""The verdict: the worst finding, as one line, one exit code and a stable JSON document."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from chaos.checks.finding import Finding, Outcome
from chaos.checks.link import Link

VERSION = 1

EXIT_CODES = {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.UNKNOWN: 3}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said about one run. `links` are in order of time, those that did not move last."""

    outcome: Outcome  # never NOT_EXERCISED
    exit_code: int
    headline: str
    findings: tuple[Finding, ...]
    links: tuple[Link, ...]
    figures: dict[str, float | None]
    run: str
    experiment: str
    target: str
    profile: str | None
    seed: int | None

    def to_json(self) -> dict[str, Any]:
        """The content of verdict.json: only what JSON can hold, an infinity as null."""
        document: dict[str, Any] = json_safe(
            {
                "version": VERSION,
                "run": self.run,
                "experiment": self.experiment,
                "target": self.target,
                "profile": self.profile,
                "seed": self.seed,
                "verdict": self.outcome.value,
                "exit_code": self.exit_code,
                "headline": self.headline,
                "figures": self.figures,
                "findings": [asdict(finding) for finding in self.findings],
                "links": [{**asdict(link), "moved": link.moved} for link in self.links],
            }
        )
        return document


def json_safe(value: Any) -> Any:
    """The value with infinities and NaN as None, so that any JSON reader takes it."""
    if isinstance(value, dict):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
