"""Undo a rotation in a container's log directory: end the sidecar and tidy its volume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chaos.engine import mounts, refs, sidecar
from chaos.engine.client import connected
from chaos.errors import ControlError, UndoError
from chaos.faults.shared import containers, volume_files
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import ContainerRef

_GRACE = 60  # seconds that the sidecar may take to end its rotation


def undo_of(container: ContainerRef, told: dict[str, Any]) -> Undo:
    """What `undo` needs; `told` holds the mark, the scratch directory and the inventory.

    Raises FaultError, TargetGone.
    """
    with containers.acting(container, "logrotate") as found:
        return {**told, **volume_files.undo(found, container, told["mark"], Path(told["scratch"]))}


def undo(undo: Undo) -> Evidence:
    """Remove the sidecar and tidy what it left on the volume if it was killed. Raises UndoError."""
    ref, mark = refs.from_json(undo["container"]), undo["mark"]
    try:
        with connected(ref.engine) as client:
            found = refs.container_of(client, ref)
            stands_still = found is not None and found.status == "paused"  # nothing in it ends
        removed = sidecar.remove(ref.engine, mark, settled=1.0, grace=0 if stands_still else _GRACE)
        told = {key: undo[key] for key in ("scratch", "logs", "places", "beside", "suffixes") if key in undo}
        cleared = volume_files.cleared(undo, "chaos.host.rotation_undo", told)
    except ControlError as error:
        lies = mounts.named(undo["mount"])
        raise UndoError(
            f"{error}; by hand: docker rm -f $(docker ps -aq -f label={refs.MARK}={mark}), and remove "
            f"{undo['scratch']} from the {lies}"
        ) from error
    return {"containers_removed": removed, "cleared": cleared}
