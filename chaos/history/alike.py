"""What makes two runs comparable besides experiment, target and profile: play, machine, midnight's version."""

from __future__ import annotations

import hashlib
import json

from chaos.record.manifest import Host, Manifest

PLAYED = ("load", "outage", "drill")
"""Keys of an experiment that decide its figures, besides the steps; objectives and limits do not."""


def play_of(manifest: Manifest) -> str | None:
    """Return a digest of what was played: load, steps with parameters, and the definition of an outage. Excludes the
    seed: another seed is another run of the same kind. None if not recorded."""
    experiment = manifest.experiment
    if "load" not in experiment or manifest.plan is None:
        return None
    played = {**{key: experiment.get(key) for key in PLAYED}, "plan": manifest.plan}
    text = json.dumps(played, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def machine_of(host: Host) -> str | None:
    """Return the kind of machine, not the machine itself: CI runners of one kind are alike. None if not recorded."""
    if host.cpus is None:
        return None
    memory = round((host.memory_bytes or 0) / (1 << 30))
    return f"{host.cpus} x {host.cpu or 'CPU'}, {memory} GiB"


def midnight_of(manifest: Manifest) -> str | None:
    """Return the version of midnight that played and measured."""
    return manifest.versions.get("midnight")
