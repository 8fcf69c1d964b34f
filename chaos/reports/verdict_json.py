"""The verdict as JSON."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from chaos.checks.verdict import Verdict
from chaos.record.store import RunDir


def write_verdict(run: RunDir, verdict: Verdict) -> Path:
    """Write `verdict.json` of a stored run atomically, and return its path. Raises OSError."""
    unfinished = run.verdict.with_suffix(".json.part")
    try:
        unfinished.write_text(as_text(verdict) + "\n", encoding="utf-8")
        return unfinished.replace(run.verdict)
    except OSError:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def as_text(verdict: Verdict) -> str:
    return json.dumps(verdict.to_json(), indent=2, ensure_ascii=False, allow_nan=False)
