"""A sidecar to a container of the target: in its process table, with its volumes, within its limits.

It runs a small program of midnight's, so that nothing needs to be installed in the target's image.
"""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chaos
from chaos.engine import mounts
from chaos.engine.attached import Attached, attach_and_start
from chaos.engine.client import TIMEOUT, connected
from chaos.engine.refs import MARK, labels
from chaos.errors import ControlError, ToolMissing
from chaos.host.cgroup_join import CGROUPS
from chaos.plugin.handles import ContainerRef, EngineAt
from chaos.record.redact import known
from chaos.spec.units import show_seconds

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

IMAGE = "midnight/reference:0.1.0"
CODE = "/opt/midnight"
ENDED_WITHIN = 60.0  # seconds, for a program that is run to completion
# The programs inside need only Python and its standard library.
_PROGRAMS = (
    "burner",
    "cgroup_join",
    "disk_writers",
    "filler",
    "kill_marked",
    "listing",
    "log_archives",
    "log_descriptors",
    "log_follow",
    "log_found",
    "log_identity",
    "log_inode",
    "log_tally",
    "log_unpacked",
    "log_writer",
    "logrotate_as_found",
    "logrotate_ask",
    "logrotate_conf",
    "logrotate_said",
    "proc",
    "rotation",
    "rotation_cut",
    "rotation_plan",
    "rotation_undo",
    "sockets",
    "stress",
    "throttle",
    "write_watch",
)


def start(
    beside: ContainerRef,
    module: str,
    mark: str,
    *,
    caps: Sequence[str] = (),
    running: bool = True,
    mount: Mapping[str, str] | None = None,
    inside: bool = False,
    vanishes: bool = False,
) -> Attached:
    """Run a program of `chaos.host` beside a container, as root. If the container is not `running`, the sidecar has
    only its volumes; with a `mount` only that, and the container may be gone. `inside`: it shares only the network
    namespace. Then, or if it `vanishes`, the engine removes the sidecar when it ends. Raises ControlError.
    """
    place = _network(beside) if inside else _place(beside, running, mount)
    place |= {"auto_remove": True} if vanishes else {}
    with connected(beside.engine) as client:
        made = _create(client, module, mark, caps, place)
        try:
            made.put_archive("/", _code())
            return attach_and_start(ContainerRef(beside.engine, str(made.id), str(made.name)))
        except BaseException:
            made.remove(force=True)
            raise


def run(
    beside: ContainerRef,
    module: str,
    mark: str,
    said: bytes,
    *,
    caps: Sequence[str] = (),
    running: bool = True,
    mount: Mapping[str, str] | None = None,
) -> bytes:
    """Run such a program to completion with `said` as input, remove the sidecar, and return the output. Raises
    ControlError.
    """
    program = start(beside, module, mark, caps=caps, running=running, mount=mount)
    try:
        program.stdin.write(said)
        out, errors = program.communicate(timeout=ENDED_WITHIN)
        if program.returncode != 0:
            raise ControlError(
                f"{module} ended with {program.returncode}: {known(errors.decode(errors='replace'))[-300:]}"
            )
        return out
    except subprocess.TimeoutExpired:
        raise ControlError(f"{module} did not end within {show_seconds(ENDED_WITHIN)}") from None
    except OSError as error:
        raise ControlError(f"{module}: the connection to it broke: {error}") from error
    finally:
        program.close()
        remove(beside.engine, mark)


def ask(
    beside: ContainerRef,
    module: str,
    mark: str,
    said: Mapping[str, Any],
    *,
    caps: Sequence[str] = (),
    running: bool = True,
    mount: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run a program that takes one JSON object and returns one; return that. Raises ControlError."""
    told = json.dumps(said).encode() + b"\n"
    out = run(beside, module, mark, told, caps=caps, running=running, mount=mount)
    try:
        report: dict[str, Any] = json.loads(out)
    except ValueError as error:
        raise ControlError(f"{module} gave no report: {error}") from error
    return report


def remove(engine: EngineAt, mark: str, *, settled: float = 0.0, grace: int = 0) -> list[str]:
    """Remove every container that carries the mark, after asking its program to end for `grace` seconds; return their
    names.

    If there is none, look again after `settled` seconds: the engine may still be creating one for a process that was
    killed. Raises ControlError.
    """
    removed = _remove(engine, mark, grace)
    if not removed and settled:
        time.sleep(settled)
        removed = _remove(engine, mark, grace)
    return removed


def await_removed(engine: EngineAt, mark: str, within: float = 10.0) -> None:
    """Return when the engine has removed the sidecar that runs `inside` a network and carries the mark, or is itself
    gone.
    """
    from docker.errors import NotFound

    with suppress(ControlError, ToolMissing), connected(engine, timeout=within) as client:
        for found in client.containers.list(
            all=True, filters={"label": f"{MARK}={mark}"}, ignore_removed=True
        ):
            with suppress(NotFound):
                found.wait(timeout=within, condition="removed")


def _remove(engine: EngineAt, mark: str, grace: int) -> list[str]:
    from docker.errors import NotFound

    removed = []
    with connected(engine, timeout=TIMEOUT + grace) as client:
        for found in client.containers.list(
            all=True, filters={"label": f"{MARK}={mark}"}, ignore_removed=True
        ):
            try:
                if grace:
                    found.stop(timeout=grace)
                # not its volumes: they belong to the container beside it
                found.remove(force=True)
            except NotFound:
                continue
            removed.append(str(found.name))
    return removed


def _place(beside: ContainerRef, running: bool, mount: Mapping[str, str] | None) -> dict[str, Any]:
    if mount is not None:
        return {"mounts": [mounts.mounted(mount)]}
    return {"volumes_from": [beside.id], "pid_mode": f"container:{beside.id}" if running else None}


def _network(beside: ContainerRef) -> dict[str, Any]:
    return {"network_mode": f"container:{beside.id}", "auto_remove": True}


def _create(
    client: DockerClient, module: str, mark: str, caps: Sequence[str], place: Mapping[str, Any]
) -> Container:
    from docker.errors import ImageNotFound

    try:
        return client.containers.create(
            IMAGE,
            name=f"midnight-{mark.replace('/', '-')}-{module.rpartition('.')[2]}",
            entrypoint=["python", "-P", "-m", module],
            command=[],
            user="0:0",
            environment={"PYTHONPATH": CODE, "MIDNIGHT_MARK": mark, "PYTHONDONTWRITEBYTECODE": "1"},
            working_dir="/",
            labels=labels(mark),
            stdin_open=True,
            volumes={"/sys/fs/cgroup": {"bind": str(CGROUPS), "mode": "rw"}},
            cgroupns="host",
            cap_add=list(caps),
            **{"network_mode": "none", **place},
        )
    except ImageNotFound:
        raise ControlError(f"image {IMAGE} is missing; run: midnight doctor --fix") from None


def _code() -> bytes:
    package, buffer = Path(chaos.__file__).parent, io.BytesIO()
    files = ["__init__.py", "host/__init__.py", *(f"host/{name}.py" for name in _PROGRAMS)]
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in files:
            content = (package / name).read_bytes()
            entry = tarfile.TarInfo(f"{CODE.lstrip('/')}/chaos/{name}")
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
