"""Files of a directory, here or in a container, as listed by `chaos.host.listing`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chaos.engine import refs, sidecar
from chaos.errors import ControlError
from chaos.host import listing
from chaos.plugin.handles import ContainerRef, Handles, LogFiles, Volume
from chaos.record.inventory.document import FILES, Source

OURS = "midnight-*"
_MODULE = "chaos.host.listing"


def sources(handles: Handles) -> Iterator[Source]:
    """Take log directories as a whole; of other volumes only what a fault would leave there."""
    listed: set[tuple[str, str]] = set()
    if handles.logs is not None:
        for directory in _directories(handles.logs):
            listed.add((directory, handles.logs.container.id if handles.logs.container else ""))
            live = [str(path) for path in _inside(handles.logs)]
            yield _source(directory, handles.logs.container, live, "")
    for volume in handles.volumes.values():
        directory, container = _place(volume)
        if (directory, container.id if container else "") not in listed:
            yield _source(directory, container, [], OURS)


def read(source: Source, mark: str) -> Mapping[str, Any]:
    """Return every file under the directory, by path. Raises ControlError, OSError."""
    told = _listed(source, mark)
    if "because" in told:
        raise ControlError(told["because"])
    if told["cut"]:
        raise ControlError(f"{source['directory']} has more than {listing.MOST} files")
    where = f"{source['container']['name']}:" if source["container"] else ""
    files: Mapping[str, Any] = told["files"]
    return {f"{where}{path}": fields for path, fields in files.items()}


def _listed(source: Source, mark: str) -> Mapping[str, Any]:
    if source["container"] is None:
        return listing.listing(Path(source["directory"]), source["live"], source["only"])
    ref = refs.from_json(source["container"])
    said = {key: source[key] for key in ("directory", "live", "only")}
    return sidecar.ask(ref, _MODULE, f"{mark}/inventory", said, running=False)


def _source(directory: str, container: ContainerRef | None, live: list[str], only: str) -> Source:
    return {
        "kind": FILES,
        "place": f"{container.name}:{directory}" if container else directory,
        "directory": directory,
        "live": live,
        "only": only,
        "container": refs.to_json(container) if container else None,
    }


def _inside(logs: LogFiles) -> list[Path]:
    """Return the live logs as seen by the owner of the directory, with links resolved on this machine."""
    if logs.container is not None:
        within = logs.directory
        return [
            logs.inside / path.relative_to(within) if path.is_relative_to(within) else path
            for path in logs.files
        ]
    return [*logs.files, *(path.resolve() for path in logs.files if path.is_symlink())]


def _directories(logs: LogFiles) -> list[str]:
    """Return the log directory, and the directories of log files elsewhere."""
    top = logs.directory if logs.container is None else logs.inside
    elsewhere = {path.parent for path in _inside(logs) if not path.is_relative_to(top)}
    return [str(top), *sorted(str(path) for path in elsewhere)]


def _place(volume: Volume) -> tuple[str, ContainerRef | None]:
    return (str(volume.path), None) if volume.container is None else (str(volume.inside), volume.container)
