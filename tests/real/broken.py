"""A target of the reference stack with a profile of the test's own: one profile with a few settings changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.midnight import PROJECT

QUICK = {"quiet_within": "1s", "disk_size": "800MB", "documents": 2000}  # to bring up


def quickly(document: dict[str, Any]) -> None:
    """Have the target of this document brought up on little."""
    document["options"] |= QUICK
    document["routes"]["read"]["items"] = QUICK["documents"]


def target(
    place: Path, base: str, changes: dict[str, Any], routes: Mapping[str, Any] | None = None, **options: Any
) -> str:
    """Write a target file whose only profile is `base` with `changes` ("api.pool_size": 1), and with more `routes`;
    gives its path."""
    yaml = YAML(typ="safe", pure=True)
    profile = yaml.load((PROJECT / f"targets/profiles/{base}.yaml").read_text())
    for dotted, value in changes.items():
        section, key = dotted.split(".", 1)
        profile[section][key] = value
    document = yaml.load((PROJECT / "targets/embedded.yaml").read_text())
    quickly(document)
    document["routes"] |= routes or {}
    document |= {"profiles": ["changed"], "options": {**document["options"], **options}}
    (place / "profiles").mkdir(parents=True)
    with (place / "profiles/changed.yaml").open("w") as file:
        yaml.dump(profile, file)
    with (place / "changed.yaml").open("w") as file:
        yaml.dump(document, file)
    return str(place / "changed.yaml")


def experiment(place: Path, *steps: str, play: float = 12.0, rate: int = 30, extra: str = "") -> str:
    """Write an experiment of one phase at one rate; `steps` are YAML flow mappings; gives its path."""
    lines = [
        "name: planted",
        "title: A truth that the test knows",
        "load:",
        "  timeout: 2s",
        "  mix: {read: 4, write: 4, complete: 2}",
        f"  baseline: {{for: 2s, rate: {rate}, availability: 95%, p99: 3s}}",
        f"  phases: [{{name: wake, for: {play}s, rate: {rate}}}]",
        "outage: {below: 95%, window: 1s, sustained: 3s}",
        "instrument: {lag: 350ms, run_delay: 100%}",  # others may be played beside it
        "slos:",
        "  - {name: availability, availability: 90%}",
        "  - {name: p90, latency: {percentile: 90, below: 1500ms}}",
        "  - {name: pool, pool: {in_use: 80%}}",
        "steps:" if steps else "steps: []",
        *(f"  - {step}" for step in steps),
        extra or "limits: {recovery: 4s, lost_writes: 0, lost_log_lines: 0}",
        "",
    ]
    path = place / "planted.yaml"
    path.write_text("\n".join(lines))
    return str(path)
