"""Leaks, or innocent twins, on the reference stack, and the verdict on them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.midnight import PROJECT, Midnight
from tests.real import broken

SOURCE = PROJECT / "targets/reference/leaks.py"

ROUTES = {
    "files": "read",
    "threads": "write",
    "sessions_after": "write",
    "sessions": "export",
    "responses": "complete",
    "clients": "complete",
    "unclosed": "complete",
    "greenlets": "complete",
    "contexts": "complete",
    "models": "complete",
    "fragments": "complete",
}

SHOWS = {
    "files": "descriptors:file",
    "threads": "threads",
    "sessions_after": "sessions:idle in transaction",
    "sessions": "sessions:idle in transaction",
    "responses": "descriptors:socket",
    "greenlets": "greenlets",
    "contexts": "entries:context_entries",
    "models": "entries:model_cache_entries",
}
"""The resource that a leak shows in."""

EXPORT = {"role": "read", "path": "/api/documents", "disconnect_after": "1kB"}
"""Clients that leave before the export's end, which no shipped target has."""


@dataclass(frozen=True, slots=True)
class Verdict:
    code: int
    findings: dict[str, dict[str, Any]]  # of the check, by name

    def failed(self) -> list[str]:
        return [name for name, each in self.findings.items() if each["outcome"] == "fail"]


def planted_line(leak: str) -> str:
    """`leaks.py:44`: the line that takes what is never given back; of threads, where they wait."""
    mark = f"# waits: {leak}" if leak == "threads" else f"# leak: {leak}"
    lines = SOURCE.read_text().splitlines()
    (number,) = [number for number, line in enumerate(lines, 1) if line.endswith(mark)]
    return f"{SOURCE.name}:{number}"


def played(
    place: Path, changes: dict[str, Any], routes: Iterable[str], rounds: str, base: str = "hardened"
) -> Verdict:
    """Play rounds of these routes on a stack with these settings."""
    place.mkdir(parents=True, exist_ok=True)
    target = broken.target(place / "target", base, {"api.witness": True, **changes}, {"export": EXPORT})
    experiment = place / "leaks.yaml"
    experiment.write_text(
        "name: some-leaks\n"
        "title: These routes alone\n"
        "load:\n"
        "  timeout: 10s\n"
        f"  mix: {json.dumps(dict.fromkeys(routes, 1))}\n"
        "  baseline: {for: 2s, rate: 20, availability: 90%, p99: 5s}\n"
        f"  rounds: {rounds}\n"
        "slos: [{name: availability, availability: 90%}]\n"
        "instrument: {lag: 900ms, run_delay: 100%}\n"  # others may be played beside it
    )
    done = Midnight(place)("run", str(experiment), "--target", target, "--json", timeout=600)
    document = json.loads(done.out)
    found = {each["name"]: each for each in document["findings"] if each["check"] == "leaks"}
    assert found, (done.code, done.err, document)
    return Verdict(done.code, found)
