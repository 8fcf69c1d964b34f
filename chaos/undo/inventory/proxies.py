"""All proxies of a Toxiproxy server, and their toxics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chaos.plugin.handles import Handles
from chaos.record.inventory.document import PROXIES, Source
from chaos.toxiproxy import Toxiproxy


def sources(handles: Handles) -> Iterator[Source]:
    for api in sorted({proxy.api for proxy in handles.proxies.values()}):
        yield {"kind": PROXIES, "place": f"at {api}", "api": api}


def read(source: Source, mark: str) -> Mapping[str, Any]:
    """Raises ControlError."""
    del mark
    found: dict[str, Any] = {}
    place = source["place"]
    for name, info in Toxiproxy(source["api"]).proxies().items():
        found[f"proxy {name} {place}"] = {
            "enabled": info.enabled,
            "listen": info.listen,
            "upstream": info.upstream,
        }
        for toxic in info.toxics:
            found[f"toxic {toxic.name} of proxy {name} {place}"] = {
                "type": toxic.type,
                "stream": toxic.stream,
                "toxicity": toxic.toxicity,
                "attributes": dict(toxic.attributes),
            }
    return found
