"""What makes two runs comparable beside experiment, target and profile: the play, the machine, midnight itself."""

from __future__ import annotations

import hashlib
import json

from chaos.record.manifest import Host, Manifest

PLAYED = ("load", "outage", "drill")
"""What of an experiment decides its figures, beside the steps; objectives and limits do not."""


def play_of(manifest: Manifest) -> str | None:
    """A digest of what was played: load, steps with their parameters, and what counts as an
    outage. The seed is not in it: another seed is another night of the same kind. None where it is not recorded."""
    experiment = manifest.experiment
    if "load" not in experiment or manifest.plan is None:
        return None
    played = {**{key: experiment.get(key) for key in PLAYED}, "plan": manifest.plan}
    text = json.dumps(played, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def machine_of(host: Host) -> str | None:
    """The kind of machine, not the single one: a CI runner of the same kind serves. None where not recorded."""
    if host.cpus is None:
        return None
    memory = round((host.memory_bytes or 0) / (1 << 30))
    return f"{host.cpus} x {host.cpu or 'CPU'}, {memory} GiB"


def midnight_of(manifest: Manifest) -> str | None:
    """The version of midnight that played and measured."""
    return manifest.versions.get("midnight")
