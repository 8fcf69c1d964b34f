"""Put a Toxiproxy between a project's services and their stores, by an override file; the project's own is never
edited.

Every service resolves each of its names for the database to the proxy (by links, which take precedence over all other
names), so its settings need not change. A setting that bypasses name resolution (an IP address or a host port) is
replaced in the override if it contains nothing else; otherwise it is reported. The proxy's settings exist only in its
server, so a small service re-creates them whenever they are missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml.scalarstring import LiteralScalarString

from chaos.engine.projects import Found
from chaos.targets.compose.networks import Joined
from chaos.targets.compose.stores import OURS, Past, Store, User
from chaos.tools.docker_images import OFFICIAL, REFERENCE

PROXY, KEEPER = OURS
_KEEP = (
    "import json,time,urllib.request as u\n"
    "a,ps='http://{proxy}:8474/proxies',{settings}\n"
    "while True:\n"
    "  try:\n"
    "    there=json.load(u.urlopen(a,timeout=2))\n"
    "    for p in ps:\n"
    "      p['name'] in there or u.urlopen(u.Request(a,json.dumps(p).encode()),timeout=2)\n"
    "    open('/tmp/there','w').close()\n"
    "  except OSError: pass\n"
    "  time.sleep(0.5)"
)


@dataclass(slots=True)
class Wired:
    """One service's part of the override, and what could not be wired."""

    links: dict[str, None] = field(default_factory=dict)  # names of stores
    environment: dict[str, str] = field(default_factory=dict)
    again: bool = False  # unchanged, but it must be re-created
    left: list[str] = field(default_factory=list)  # sentences


def plan(
    used: Sequence[tuple[Store, Sequence[User]]], there: Sequence[Found], ports: Mapping[str, int]
) -> dict[str, Wired]:
    """The entries by service. `ports`: the host port of each store's proxy, by the proxy's name."""
    by_id = {each.id: each for each in there}
    wired: dict[str, Wired] = {}
    for store, users in used:
        for user in users:
            _wire(wired, store, user, by_id, ports[store.proxy])
    for each in there:  # a service that shares a container's network must be re-created with it
        owner = by_id.get(each.network_of or "")
        if owner is not None and owner.service in wired:
            wired.setdefault(each.service, Wired()).again = True
    return wired


def _wire(
    wired: dict[str, Wired], store: Store, user: User, by_id: Mapping[str, Found], published: int
) -> None:
    mine, carrier = wired.setdefault(user.service, Wired()), _carrier(user, by_id)
    on_the_host = any(each.on_the_host for each in user.containers)
    if user.names or not user.past:
        if carrier is None or carrier == store.service:
            whose = "this machine" if on_the_host else carrier or "a container that is not of this project"
            mine.left.append(
                f"it shares the network of {whose}, where {store.service} cannot get another address"
            )
        else:
            names = sorted(user.names | store.names)
            wired.setdefault(carrier, Wired()).links |= dict.fromkeys(names)
    for past in user.past:
        _replace(mine, user, past, store, ("127.0.0.1", published) if on_the_host else (PROXY, store.port))


def override(
    used: Sequence[tuple[Store, Sequence[User]]],
    wired: Mapping[str, Wired],
    ports: Mapping[str, int],
    networks: Sequence[Joined],
    proxy_image: str | None = None,
) -> dict[str, Any]:
    """The override file's document; `ports` are free host ports: `control`, and one per store by its proxy's name."""
    names = [each.key for each in networks]
    stores = [store for store, _ in used]
    keep = LiteralScalarString(_KEEP.format(proxy=PROXY, settings=[_settings(store) for store in stores]))
    document: dict[str, Any] = {
        PROXY: {
            "image": proxy_image or OFFICIAL["toxiproxy"],
            "command": ["-host=0.0.0.0"],
            "ports": [
                f"127.0.0.1:{ports['control']}:8474",
                *(f"127.0.0.1:{ports[store.proxy]}:{store.port}" for store in stores),
            ],
            "networks": list(names),
            "restart": "unless-stopped",
        },
        KEEPER: {
            "image": REFERENCE,
            "entrypoint": ["python", "-c", keep],
            "networks": list(names),
            "restart": "unless-stopped",
            "depends_on": [PROXY],
            "healthcheck": {
                "test": ["CMD", "test", "-e", "/tmp/there"],
                "interval": "1s",
                "retries": 30,
                "start_period": "20s",
            },
        },
        **{
            service: _service(each)
            for service, each in wired.items()
            if each.links or each.environment or each.again
        },
    }
    declared = {each.key: dict(each.declared) for each in networks if each.declared is not None}
    return {"services": document} | ({"networks": declared} if declared else {})


def _settings(store: Store) -> dict[str, Any]:
    return {
        "name": store.proxy,
        "listen": f"0.0.0.0:{store.port}",
        "upstream": f"{store.service}:{store.port}",
        "enabled": True,
    }


def _service(wired: Wired) -> dict[str, Any]:
    links = {"links": [f"{PROXY}:{name}" for name in wired.links]} if wired.links else {}
    environment = {"environment": dict(wired.environment)} if wired.environment else {}
    depends = {PROXY: {"condition": "service_started"}, KEEPER: {"condition": "service_healthy"}}
    return {**links, **environment, "depends_on": depends}


def _carrier(user: User, by_id: Mapping[str, Found]) -> str | None:
    """The service in whose network its names are resolved: itself, or the one whose network it shares."""
    if not user.containers:
        return user.service
    found = user.containers[0]
    if found.network_of is not None:
        owner = by_id.get(found.network_of)
        return owner.service if owner is not None else None
    return None if found.on_the_host else user.service


def _replace(wired: Wired, user: User, past: Past, store: Store, to: tuple[str, int]) -> None:
    """Point a setting to the proxy if that puts no secret in the file; otherwise say what to do."""
    for each in user.containers:
        value = each.environment.get(past.variable, "")
        changed = _changed(past, value, each.environment, to)
        if changed is None:
            where = f"{past.variable} leads" if past.variable else "its command line leads"
            wired.left.append(
                f"{where} to {past.host}{f':{past.port}' if past.port else ''}, bypassing the names of {store.service}:"
                f" make it lead to {to[0]}:{to[1]}"
            )
            return
        wired.environment |= changed


def _changed(
    past: Past, value: str, variables: Mapping[str, str], to: tuple[str, int]
) -> dict[str, str] | None:
    host, port = to
    if not past.variable:
        return None
    if value == past.host:
        beside = re.sub(r"(?i)(?:hostname|host|server|address|addr)$", "PORT", past.variable)
        if variables.get(beside) == str(past.port) and past.port not in (None, port):
            return {past.variable: host, beside: str(port)}
        return {past.variable: host} if past.port in (None, port) else None
    if "@" in value or "password" in value.lower():
        return None
    said = f"{past.host}:{past.port}" if past.port is not None else past.host
    return {past.variable: value.replace(said, f"{host}:{port}", 1)} if said in value else None
