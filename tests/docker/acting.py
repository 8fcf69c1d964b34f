"""One fault on one container, as a run plays it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from chaos.plugin import registry
from chaos.plugin.fault import Fault, Held
from chaos.plugin.handles import Handles, Volume
from tests.docker.conftest import Victim


def made(name: str, victim: Victim, *, step: str = "", **params: Any) -> Fault:
    volume = Volume(Path("/nowhere"), "0:0", None, victim.ref, Path("/data"))
    handles = Handles(containers={"api": (victim.ref,)}, volumes={"data": volume})
    fault = registry.fault(name)
    aim = {} if name == "disk_full" else {"target": "api"}
    return fault(fault.Params.model_validate(aim | params), handles, f"{victim.name}/{step or name}")


def played(fault: Fault, seconds: float = 1.0) -> Held:
    """Prepared, injected, held and undone, twice: an undo may come again."""
    undo = fault.prepare()
    try:
        fault.inject()
        return fault.hold(seconds, threading.Event())
    finally:
        type(fault).undo(undo)
        type(fault).undo(undo)


def reaches_its_floor(held: Held) -> bool:
    return all(held.dose[name] >= least for name, least in held.floor.items())
