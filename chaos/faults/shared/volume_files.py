"""Remove what was left on a container's volume, even if the container is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from chaos.engine import mounts, refs, sidecar
from chaos.engine.client import connected
from chaos.errors import ControlError, FaultError
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import ContainerRef

if TYPE_CHECKING:
    from docker.models.containers import Container


def undo(found: Container, ref: ContainerRef, mark: str, place: PurePath) -> dict[str, Any]:
    """What `remove` needs. Raises FaultError if the path is not on a volume."""
    mount = mounts.below(found, place)
    if mount is None:
        raise FaultError(f"{place} is not on a volume of container {ref.name}")
    return {"container": refs.to_json(ref), "mark": mark, "mount": mount}


def remove(undo: Undo, paths: Sequence[str]) -> Evidence:
    """Remove files and directories; if the volume is gone, they are too. Raises ControlError."""
    return cleared(undo, "chaos.host.filler", {"remove": list(paths)})


def cleared(undo: Undo, module: str, said: Mapping[str, Any]) -> Evidence:
    """Run the program that clears the volume; return its report, empty if the volume is gone. Raises ControlError."""
    ref, mount, mark = refs.from_json(undo["container"]), undo["mount"], f"{undo['mark']}/clear"
    sidecar.remove(ref.engine, mark)  # of an earlier try
    gone = {"removed": [], "removed_by_somebody_else": mounts.named(mount)}
    with connected(ref.engine) as client:
        if not mounts.is_there(client, mount):
            return gone
    try:
        return sidecar.ask(ref, module, mark, said, running=False, mount=mount)
    except ControlError as error:
        if mounts.ABSENT in str(error):
            return gone
        raise
