"""Undo bringing the stack up: objects are found by name, and touched only if they carry the run's label."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaos.engine import client as engines
from chaos.engine import refs
from chaos.errors import ControlError, ToolMissing, UndoError
from chaos.plugin.fault import Evidence, Undo
from chaos.targets import volume_undo

if TYPE_CHECKING:
    from docker import DockerClient

_REMOVE_WITHIN = 80.0  # seconds: the last writes of a throttled container take a while


def carry_out(undo: Undo) -> Evidence:
    """Raises UndoError."""
    return _UNDOS[undo["what"]](undo)


def _on_engine(
    find: Callable[[DockerClient, str], Any], remove: Callable[[Any], None]
) -> Callable[[Undo], Evidence]:
    def undone(undo: Undo) -> Evidence:
        from docker.errors import NotFound

        what, name = undo["what"], undo["name"]
        by_hand = f"docker {what if what != 'container' else ''} rm {name}".replace("  ", " -f -v ")
        try:
            with engines.connected(engines.from_json(undo["engine"]), timeout=_REMOVE_WITHIN) as client:
                try:
                    found = find(client, name)
                    if _labels(found).get(refs.RUN) != undo["mark"]:
                        return {what: name, "removed": None, "because": "it was created by someone else"}
                    remove(found)
                except NotFound:
                    return {what: name, "removed": "gone already"}
        except (ControlError, ToolMissing) as error:
            raise UndoError(f"{error}; by hand: {by_hand}") from error
        return {what: name, "removed": True}

    return undone


def _labels(found: Any) -> dict[str, str]:
    attrs = found.attrs
    return dict(attrs.get("Labels") or attrs.get("Config", {}).get("Labels") or {})


def _remove_directory(undo: Undo) -> Evidence:
    path = Path(undo["path"])
    if any(entry.is_mount() for entry in path.glob("*")):
        raise UndoError(f"{path} still has a volume mounted below it; nothing was deleted")
    try:
        if path.is_dir():
            shutil.rmtree(path)
    except OSError as error:
        raise UndoError(f"{path} could not be removed: {error}; by hand: rm -r {path}") from error
    return {"removed": str(path)}


_UNDOS: dict[str, Callable[[Undo], Evidence]] = {
    "container": _on_engine(
        lambda client, name: client.containers.get(name), lambda it: it.remove(force=True, v=True)
    ),
    "network": _on_engine(lambda client, name: client.networks.get(name), lambda it: it.remove()),
    "volume": _on_engine(lambda client, name: client.volumes.get(name), lambda it: it.remove(force=True)),
    "directory": _remove_directory,
    "disk": volume_undo.remove,
    "limit": volume_undo.lift_limit,
}
