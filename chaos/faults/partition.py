"""Cut a container off from its networks; the undo reconnects it with the same names and addresses."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from chaos.engine import refs
from chaos.errors import ControlError, TargetGone
from chaos.faults.shared import containers, foreseen
from chaos.faults.shared.each import OnContainer, OnEach
from chaos.faults.shared.own_traffic import OwnTraffic
from chaos.plugin.fault import Evidence, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe, no, until_no, yes
from chaos.record.inventory.document import CONTAINERS
from chaos.spec.yamlfile import Model, Name

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container


_NOT_TO_BE_LEFT = ("host", "none")  # the engine refuses
_OTHER = "target a container with a network of its own"


class PartitionParams(Model):
    target: Name = "database"
    which: containers.Which = "all"  # of a role with several containers
    networks: tuple[str, ...] = ()  # by name; all of them if not given


class PartitionOne(OnContainer):
    Params = PartitionParams

    def __init__(self, params: PartitionParams, handles: Handles, mark: str) -> None:
        super().__init__(params, handles, mark)
        self._wanted = params.networks
        self._traffic = OwnTraffic(handles, self._ref, mark)
        self._networks: dict[str, dict[str, Any]] = {}

    @until_no
    def probes(self) -> Iterator[Probe]:
        with containers.acting(self._ref, "partition") as found:
            yield foreseen.runs(found)
            yield self._can_be_cut(found)
            yield from self._traffic.probes(*self._wanted)
            yield foreseen.keeps_its_ports(found)

    def prepare(self) -> Undo:
        with containers.acting(self._ref, "partition") as found:
            there = connections(found)
            ports = published(found)
        if unknown := sorted(set(self._wanted) - there.keys()):
            raise TargetGone(
                f"partition: {self._ref.name} is not on {unknown[0]!r}, but on {', '.join(there)}"
            )
        self._networks = {
            name: each for name, each in there.items() if not self._wanted or name in self._wanted
        }
        return {"container": refs.to_json(self._ref), "networks": self._networks, "ports": ports}

    def inject(self) -> Evidence:
        self._traffic.begin(*self._networks)
        self._traffic.close()
        with containers.acting(self._ref, "partition") as found:
            assert found.client is not None
            for each in self._networks.values():
                found.client.networks.get(each["id"]).disconnect(found, force=True)
        return {"container": self._ref.name, "cut_off_from": sorted(self._networks)}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        stop.wait(seconds)
        cut = 0
        with suppress(TargetGone), containers.acting(self._ref, "partition") as found:
            found.reload()
            cut = len(self._networks.keys() - connections(found).keys())
        return Held(
            dose={"networks_cut": cut, "connections_cut": self._traffic.connections},
            floor={"networks_cut": max(1, len(self._networks)), "connections_cut": 1},
            unproven=self._traffic.unproven(hit=self._traffic.connections),
        )

    def _can_be_cut(self, found: Container) -> Probe:
        """Probe whether the container is on the networks in question and can leave them."""
        what, there = f"floor: networks that {found.name} is cut off from", connections(found)
        if not there:
            return no(
                what, f"it shares the network of another ({found.attrs['HostConfig']['NetworkMode']})", _OTHER
            )
        if lacking := sorted(set(self._wanted) - there.keys()):
            return no(what, f"it is not on {lacking[0]!r}", f"set networks: [{', '.join(sorted(there))}]")
        wanted = sorted(self._wanted or there)
        if fixed := [name for name in wanted if name in _NOT_TO_BE_LEFT]:
            return no(what, f"a container cannot leave the network {fixed[0]!r}", _OTHER)
        return yes(what, ", ".join(wanted))

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset({CONTAINERS})

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        ref = refs.from_json(undo["container"])
        by_hand = "; ".join(
            f"docker network connect {_options(each)} {name} {ref.name}"
            for name, each in undo["networks"].items()
        )
        return containers.undoing(ref, by_hand, lambda client, found: _connect(client, found, undo))


class Partition(OnEach):
    Params = PartitionParams
    One = PartitionOne
    held_throughout = True


def connections(found: Container) -> dict[str, dict[str, Any]]:
    """By network: its id, the container's aliases and links on it, and the addresses that were requested."""
    networks = found.attrs["NetworkSettings"]["Networks"]
    return {
        name: {
            "id": each["NetworkID"],
            "aliases": sorted(set(each.get("Aliases") or ()) - {found.short_id, str(found.id)[:12]}),
            "links": sorted(each.get("Links") or ()),  # container:name, private names for other containers
            "options": dict(each.get("DriverOpts") or {}),
            **_addresses(each.get("IPAMConfig") or {}),
        }
        for name, each in networks.items()
    }


def _addresses(asked: Mapping[str, Any]) -> dict[str, Any]:
    local = sorted(asked.get("LinkLocalIPs") or ())
    return {
        "ipv4": asked.get("IPv4Address") or None,
        "ipv6": asked.get("IPv6Address") or None,
        "link_local": local,
    }


def _options(each: Mapping[str, Any]) -> str:
    """Options of `docker network connect` that restore the connection as it was."""
    given = [("--alias", alias) for alias in each["aliases"]] + [("--link", link) for link in each["links"]]
    given += [("--ip", each["ipv4"]), ("--ip6", each["ipv6"])]
    given += [("--link-local-ip", address) for address in each["link_local"]]
    given += [("--driver-opt", f"{name}={value}") for name, value in each.get("options", {}).items()]
    return " ".join(f"{name} {value}" for name, value in given if value)


def published(found: Container) -> dict[str, list[str]]:
    """Host ports by container port, as they are now."""
    ports = found.attrs["NetworkSettings"]["Ports"] or {}
    return {
        port: sorted(f"{at['HostIp']}:{at['HostPort']}" for at in bound)
        for port, bound in ports.items()
        if bound
    }


def _connect(client: DockerClient, found: Container, undo: Mapping[str, Any]) -> dict[str, Any]:
    there, gone = connections(found), []
    for name, each in undo["networks"].items():
        if name in there and _is_as_before(there[name], each):
            continue
        network = _network(client, each["id"])
        if network is None:
            gone.append(name)
            continue
        if name in there:  # connected by another user, with other names or addresses
            network.disconnect(found, force=True)
        links = [tuple(link.split(":", 1)) for link in each["links"]]
        network.connect(
            found,
            aliases=each["aliases"] or None,
            links=links or None,
            ipv4_address=each["ipv4"],
            ipv6_address=each["ipv6"],
            link_local_ips=each["link_local"] or None,
            driver_opt=each.get("options") or None,
        )
    found.reload()
    now = connections(found)
    if lacking := sorted(undo["networks"].keys() - now.keys() - set(gone)):
        raise ControlError(f"{found.name} is not on {', '.join(lacking)}")
    ports = published(found)
    told = {"ports": ports} if ports == undo["ports"] else {"ports": ports, "ports_before": undo["ports"]}
    return {"connected_to": sorted(now), "networks_gone": gone, **told}


def _is_as_before(now: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    same = all(now[name] == before[name] for name in ("ipv4", "ipv6", "link_local"))
    return same and set(before["aliases"]) <= set(now["aliases"])


def _network(client: DockerClient, number: str) -> Any:
    from docker.errors import NotFound

    try:
        return client.networks.get(number)
    except NotFound:
        return None
