"""Runbook actions of the reference stack: what its operators can do after a loss."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from chaos.errors import TargetError
from chaos.plugin.driver import Incident
from chaos.plugin.fault import Evidence
from chaos.postgres import promote as promoting
from chaos.targets.embedded import rejoining, restoring
from chaos.targets.embedded.actions import Nothing, PromoteParams, RecoverParams, RestoreParams
from chaos.targets.embedded.servers import Estate
from chaos.targets.embedded.services import Parts
from chaos.toxiproxy import Toxiproxy


@dataclass(frozen=True, slots=True)
class Scene:
    parts: Parts
    incident: Incident
    stop: threading.Event

    @property
    def estate(self) -> Estate:
        return self.parts.estate


def fence(params: Nothing, scene: Scene) -> Evidence:
    """Power the old primary off, and make sure that it cannot come back as a primary."""
    del params
    estate = scene.estate
    powered_off = estate.primary.running()
    if powered_off:
        estate.primary.kill()
    if not estate.primary.data.exists():
        return {"powered_off": powered_off, "marked_as_standby": False, "because": "its disk is gone"}
    try:
        (estate.primary.data / "standby.signal").touch()
    except (
        OSError
    ) as error:  # a disk that accepts no writes cannot hold a primary either, until it is replaced
        return {"powered_off": powered_off, "marked_as_standby": False, "because": str(error)}
    return {"powered_off": powered_off, "marked_as_standby": True}


def promote(params: PromoteParams, scene: Scene) -> Evidence:
    estate = scene.estate
    if estate.standby is None:
        raise TargetError("no standby to promote")
    done = promoting.promote(estate.standby.cluster, estate.access, timeout=params.timeout)
    estate.current = estate.standby.cluster
    return asdict(done)


def repoint(params: Nothing, scene: Scene) -> Evidence:
    """Point the API's proxy to the server that accepts writes."""
    del params
    parts, port = scene.parts, scene.estate.find_writable().port
    server, name = Toxiproxy(parts.control_url), parts.proxy_name("database")
    server.lead_to(name, f"127.0.0.1:{port}")
    return {"proxy": name, "upstream": server.proxy(name).upstream}


def repair(params: Nothing, scene: Scene) -> Evidence:
    """Bring the lost machine back as it was and start its server, as an operator who repaired it would."""
    del params
    return rejoining.come_back(scene.estate, str(scene.incident.loss.get("by", "")))


def rejoin(params: Nothing, scene: Scene) -> Evidence:
    del params
    return rejoining.rejoin_as_standby(scene.estate)


def restore(params: RestoreParams, scene: Scene) -> Evidence:
    return restoring.restore_newest(scene.estate, params.timeout)


def recover(params: RecoverParams, scene: Scene) -> Evidence:
    return restoring.recover_rows(scene.estate, scene.incident.loss, params.table, params.key, params.timeout)


Do = Callable[[Any, Scene], Evidence]

_DO: Mapping[str, Do] = {
    "fence": fence,
    "promote": promote,
    "repoint": repoint,
    "repair": repair,
    "rejoin": rejoin,
    "restore": restore,
    "recover": recover,
}


def do(action: str, params: Any, scene: Scene) -> Evidence:
    """Run one of the actions. Raises TargetError, with the underlying error if there is one."""
    return _DO[action](params, scene)
