"""The logs of a project, rotated in a container or in the directory of this machine that it mounts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from chaos.engine import refs
from chaos.engine.client import connected
from chaos.errors import UsageError
from chaos.plugin.handles import ContainerRef, LogFiles
from chaos.spec.target import Target
from chaos.targets import rotation
from chaos.targets.compose.options import LogsRole, OnThisMachine

# Engine volumes are not directories of this machine: they are not sampled or read.
NOT_HERE = Path("/nowhere")


def log_files(role: LogsRole, container: ContainerRef, target: Target) -> LogFiles:
    """Raises UsageError, ControlError."""
    here = isinstance(role.stanza, OnThisMachine)
    inside = Path(role.directory)
    directory = _mounted(role.directory, container) if here else NOT_HERE
    stanza = None
    if isinstance(role.stanza, OnThisMachine):
        stanza = rotation.stanza(
            role.stanza.host.absolute(), role.conf and role.conf.absolute(), target, here=True
        )
    elif role.stanza is not None:
        stanza = rotation.stanza(Path(role.stanza), role.conf, target, here=False)
    return LogFiles(
        directory=directory,
        files=_placed(role.files, directory, inside),
        unrotated=_placed(role.unrotated, directory, inside),
        method=role.method,
        delaycompress=role.delaycompress,
        scheduling=role.scheduling,
        signal=role.signal,
        process="api",
        container=None if here else container,
        inside=inside,
        ours=False,
        stanza=stanza,
        states=rotation.states(role.state) if stanza is not None else (),
        line_id=role.line_id,
    )


def _placed(files: Iterable[Path], directory: Path, inside: Path) -> tuple[Path, ...]:
    return tuple(
        directory / (file.relative_to(inside) if file.is_relative_to(inside) else file) for file in files
    )


def _mounted(inside: PurePosixPath, container: ContainerRef) -> Path:
    """The directory of this machine mounted there in the container. Raises UsageError, ControlError."""
    with connected(container.engine) as client:
        found = refs.container_of(client, container)
        mounts = found.attrs["Mounts"] if found is not None else []
    held = [each for each in mounts if inside.is_relative_to(each["Destination"])]
    for mount in sorted(held, key=lambda each: -len(str(each["Destination"]))):
        place = Path(str(mount["Source"])) / inside.relative_to(str(mount["Destination"]))
        if place.is_dir():
            return place
    raise UsageError(
        f"options: logs: stanza: {inside} of {container.name} is not a directory of this machine"
    )
