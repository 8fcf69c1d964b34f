"""A program started in a container of the target and reliably ended there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chaos.engine import refs, sidecar
from chaos.engine.attached import Attached, execute
from chaos.engine.client import connected
from chaos.errors import ControlError, UndoError
from chaos.faults.shared import containers
from chaos.host.processes import MARK
from chaos.plugin.fault import Evidence
from chaos.plugin.handles import ContainerRef


def start(
    container: ContainerRef,
    argv: Sequence[str],
    env: Mapping[str, str],
    mark: str,
    cwd: str | None,
    user: str | None = None,
) -> Attached:
    """Raises FaultError; TargetGone when the container is not running."""
    try:
        return execute(container, argv, env={**env, MARK: mark}, cwd=cwd, user=user or "")
    except ControlError as error:
        raise containers.failure(argv[0], error) from error


def stop(container: ContainerRef, mark: str) -> Evidence:
    """Gracefully end every process of the container that carries the mark, independent of its image's contents.

    Raises UndoError; also if the container is paused, where the rest ends when it continues.
    """
    because, by_hand = "", f"docker restart {container.name}"
    try:
        with connected(container.engine) as client:
            sidecar.remove(container.engine, f"{mark}/sweep")  # of an earlier try
            found = refs.container_of(client, container)
            if found is None or not refs.lives(found):
                return {"processes_stopped": 0, "container": "gone" if found is None else found.status}
            if found.status == "paused":
                because, by_hand = " (the container is paused)", f"docker unpause {container.name}; {by_hand}"
        said = sidecar.run(
            container, "chaos.host.kill_marked", f"{mark}/sweep", f"{mark}\n".encode(), caps=("SYS_PTRACE",)
        )
        report: dict[str, Any] = json.loads(said.splitlines()[-1])
    except (ControlError, ValueError, IndexError) as error:
        raise UndoError(
            f"what was started in {container.name} may still run{because}: {error}; by hand: {by_hand}"
        ) from error
    return {"processes_stopped": report["stopped"], "ended": report["ended"]}
