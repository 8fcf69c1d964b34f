"""What makes two runs comparable beside experiment, target and profile: the play, the machine, midnight itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

PLAYED = ("load", "outage", "drill")
"""What of an experiment decides its figures, beside the steps; objectives and limits do not."""


def play_of(about: Mapping[str, Any]) -> str | None:
    """A digest of what was played, out of `run.json`: load, steps with their parameters, and what counts as an
    outage. The seed is not in it: another seed is another night of the same kind. None where it is not recorded."""
    experiment = about["experiment"]
    if "load" not in experiment or "plan" not in about:
        return None
    played = {**{key: experiment.get(key) for key in PLAYED}, "plan": about["plan"]}
    text = json.dumps(played, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def machine_of(about: Mapping[str, Any]) -> str | None:
    """The kind of machine, not the single one: a CI runner of the same kind serves. None where not recorded."""
    host = about.get("host") or {}
    if "cpus" not in host:
        return None
    memory = round(host.get("memory_bytes", 0) / (1 << 30))
    return f"{host['cpus']} x {host.get('cpu') or 'CPU'}, {memory} GiB"


def midnight_of(about: Mapping[str, Any]) -> str | None:
    """The version of midnight that played and measured."""
    return (about.get("versions") or {}).get("midnight")
