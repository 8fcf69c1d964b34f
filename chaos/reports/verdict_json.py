"""The verdict for machines."""

from __future__ import annotations

import json
from pathlib import Path

from chaos.checks.verdict import Verdict
from chaos.store import RunDir


def write_verdict(run: RunDir, verdict: Verdict) -> Path:
    """Write `verdict.json` of a stored run, whole or not at all, and return its path. Raises OSError."""
    text = json.dumps(verdict.to_json(), indent=2, ensure_ascii=False, allow_nan=False)
    unfinished = run.verdict.with_suffix(".json.part")
    unfinished.write_text(text + "\n", encoding="utf-8")
    return unfinished.replace(run.verdict)
