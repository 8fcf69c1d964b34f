"""A Toxiproxy server keeps its proxies and toxics in memory: they are lost when its container ends.

A fault that ends a container records them first; its undo re-creates those that the server no longer has.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from chaos.errors import ControlError, FaultError, UndoError
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import ContainerRef, Handles
from chaos.toxiproxy import ProxyInfo, Toxiproxy

ANSWERS_WITHIN = 20.0  # seconds that a newly started server may take
OURS = "midnight-"  # name prefix of the faults' toxics: their own undo removes them
_POLL = 0.2


def kept(handles: Handles, ref: ContainerRef) -> dict[str, Any]:
    """`proxies`, by server, if the container runs the target's proxies. Raises FaultError."""
    if ref.id not in {each.id for each in handles.containers.get("proxy", ())}:
        return {}
    try:
        return {
            "proxies": {
                api: [asdict(info) for info in Toxiproxy(api).proxies().values()]
                for api in sorted({proxy.api for proxy in handles.proxies.values()})
            }
        }
    except ControlError as error:
        raise FaultError(f"{ref.name}: its proxies would end with it and cannot be read: {error}") from error


def put_back(undo: Undo) -> Evidence:
    """Re-create what the servers no longer have. Raises UndoError."""
    made: list[str] = []
    for api, proxies in undo.get("proxies", {}).items():
        server, end = Toxiproxy(api), time.monotonic() + ANSWERS_WITHIN
        while True:
            try:
                made += _made(server, proxies)
                break
            except ControlError as error:
                if time.monotonic() > end:
                    names = ", ".join(each["name"] for each in proxies)
                    raise UndoError(f"{error}; by hand: create proxies {names} at {api}") from error
            time.sleep(_POLL)  # it does not announce that it listens
    return {"made_anew": made} if made else {}


def _made(server: Toxiproxy, proxies: list[Mapping[str, Any]]) -> list[str]:
    there, made = server.proxies(), list[str]()
    for each in proxies:
        name = each["name"]
        now = there.get(name)
        if now is None:
            now = server.create(name, each["listen"], each["upstream"])
            made.append(f"proxy {name}")
            if not each["enabled"]:
                server.disable(name)
        made += _toxics(server, now, each["toxics"])
    return made


def _toxics(server: Toxiproxy, now: ProxyInfo, toxics: list[Mapping[str, Any]]) -> list[str]:
    there, made = {toxic.name for toxic in now.toxics}, list[str]()
    for each in toxics:
        if each["name"] not in there and not each["name"].startswith(OURS):
            attributes, toxicity = each["attributes"], each["toxicity"]
            server.add_toxic(
                now.name, each["name"], each["type"], each["stream"], attributes, toxicity=toxicity
            )
            made.append(f"toxic {each['name']} of proxy {now.name}")
    return made
