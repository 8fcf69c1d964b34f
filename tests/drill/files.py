"""Drills that a test can wait for: the shipped scenarios with shorter plays, and runbooks with planted gaps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.midnight import PROJECT
from tests.real.broken import quickly

LOST_AT = 6.0
PATIENCE = {"period": "800ms", "failures": 4}
DETECTORS = ("detect", "detect_api", "notice")


def drill(
    place: Path,
    shipped: str,
    steps: dict[str, dict[str, Any]] | None = None,
    *,
    steps_added: Sequence[dict[str, Any]] = (),
    **changed: Any,
) -> str:
    """Write the shipped drill with a loss after six seconds, and with keys of its steps changed; gives its path."""
    yaml = YAML(typ="safe", pure=True)
    document = yaml.load((PROJECT / f"experiments/{shipped}.yaml").read_text())
    load = document["load"]
    load["baseline"] = {"for": "2s", "rate": 30, "availability": "95%", "p99": "3s"}
    load["phases"] = [{"name": "all", "for": "60s", "rate": 30}]
    document["outage"] = {"below": "90%", "window": "1s", "sustained": "4s"}
    document["drill"]["settle"] = "6s"
    document["limits"] |= {"rto": "30s"} | ({} if document["limits"]["rpo"] == "0s" else {"rpo": "7s"})
    for step in document["steps"]:
        at = LOST_AT if step["name"] == document["drill"]["loss"] else LOST_AT - 2
        step["at"] = f"{at}s"
        for key, value in (steps or {}).get(step["name"], {}).items():
            (step if key in ("at", "hold") else step.setdefault("with", {}))[key] = value
    document["steps"] += steps_added
    for key, value in changed.items():
        document[key] = {**document[key], **value} if isinstance(value, dict) else value
    return _write(place / f"{shipped}.yaml", document)


def target(place: Path, profile: str = "hardened", **runbook: Any) -> str:
    """Write the embedded target with one profile, quick detectors, and steps of its runbook replaced."""
    yaml = YAML(typ="safe", pure=True)
    document = yaml.load((PROJECT / "targets/embedded.yaml").read_text())
    for name in DETECTORS:
        document["runbook"][name]["with"] |= PATIENCE
    document["runbook"] |= runbook
    document["profiles"] = [profile]
    quickly(document)
    (place / "profiles").mkdir(exist_ok=True)
    shipped = PROJECT / f"targets/profiles/{profile}.yaml"
    (place / f"profiles/{profile}.yaml").write_text(shipped.read_text())
    return _write(place / "embedded.yaml", document)


def _write(path: Path, document: Any) -> str:
    with path.open("w") as file:
        YAML(typ="safe", pure=True).dump(document, file)
    return str(path)
