"""Notes of a plan about the proxies that its faults act on."""

from __future__ import annotations

from collections.abc import Collection

from chaos.errors import ControlError, UsageError
from chaos.plugin.kinds import SIGNED_IN, Kind
from chaos.targets.attach import proxying
from chaos.targets.attach.options import AttachOptions, ProxyAt
from chaos.toxiproxy import Toxiproxy

ACT_ON_ONE = frozenset({"idle_drop", "latency", "bandwidth", "cut_off", "reconnect_storm"})


def of(options: AttachOptions, faults: Collection[str]) -> list[str]:
    """What is spoken through each proxy, where a fault acts on one. A server that does not answer is left out."""
    if not ACT_ON_ONE & set(faults):
        return []
    lines = []
    for name, at in options.proxies.items():
        if upstream := _upstream(at):
            kind, because = proxying.kind_of(name, at, upstream, options)
            crowd = _crowd(at, kind) if "reconnect_storm" in faults else ""
            lines.append(f"proxy {name!r} leads to {upstream}: {kind}, {because}{crowd}")
    return lines


def _crowd(at: ProxyAt, kind: Kind) -> str:
    if kind not in SIGNED_IN:
        return ""
    return "; a crowd " + ("only greets it: no `crowd`" if at.crowd is None else "signs in")


def _upstream(at: ProxyAt) -> str:
    if at.api is None:
        return at.upstream or ""
    try:
        return Toxiproxy(at.api).proxy(at.name or "").upstream
    except (ControlError, UsageError):
        return ""
