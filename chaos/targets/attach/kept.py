"""Proxies that `midnight stack up` keeps in front of a service that midnight did not start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chaos.errors import MidnightError, UsageError
from chaos.path import Service, Unseen, of, setting
from chaos.plugin.driver import Driver, Site, Wants
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import Handles, ProcessRef
from chaos.spec.target import Target
from chaos.targets.attach import processes, proxying, undoing
from chaos.targets.attach.options import STARTED, AttachOptions
from chaos.tools import toxiproxy as tool
from chaos.tools.part import Missing


class KeptProxies(Driver):
    """Nothing of the target itself need run: after a restart of the machine the proxies come first."""

    Options = AttachOptions

    def __init__(
        self, target: Target, options: AttachOptions, profile: Mapping[str, Any], staging: Mapping[str, float]
    ) -> None:
        super().__init__(target, options, profile, staging)
        self._options = options

    @classmethod
    def offers(cls, target: Target) -> frozenset[str]:
        options = AttachOptions.model_validate(target.options)
        return frozenset(f"proxies.{name}" for name in proxying.ours(options))

    @classmethod
    def next_steps(cls, options: AttachOptions) -> Sequence[str]:
        """Each line of the service's settings that leads past a proxy, as it has to be."""
        service = _service(options)
        return [line for name in proxying.ours(options) for line in _setting(name, options, service)]

    @property
    def versions(self) -> Mapping[str, str]:
        found = tool.find()
        if isinstance(found, Missing):
            raise found.error()
        return {found.part: found.version}

    def wants(self) -> Wants:
        return Wants()

    def up(self, site: Site) -> Handles:
        made, server = proxying.start(self._options, self._target, site)
        return Handles(proxies=made, processes={"toxiproxy": (server,)})

    def drain(self) -> None:
        """Nothing: a proxy keeps nothing."""

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return undoing.undo(undo)


def _service(options: AttachOptions) -> Service:
    """As far as it runs now."""
    found: dict[str, tuple[ProcessRef, ...]] = {}
    for role in ("pool", STARTED):
        if at := options.processes.get(role):
            try:
                found[role] = processes.find(at, role)
            except UsageError:
                continue
    try:
        return of(Handles(base_url=options.base_url, processes=found))
    except (Unseen, MidnightError):
        return Service()


def _setting(name: str, options: AttachOptions, service: Service) -> list[str]:
    at = proxying.ours(options)[name]
    upstream, listen = at.upstream or "", at.listen or ""
    kind, _ = proxying.kind_of(name, at, upstream, options)
    lines = setting.to_change(service.processes, kind, upstream, listen)
    if lines:
        return [f"set for {service}, and restart it:", *(f"  {line}" for line in lines)]
    if setting.to_change(service.processes, kind, listen, listen):
        return [f"the settings of {service} lead to {listen} already"]
    whose = (
        f"no variable or argument of {service} names {upstream}"
        if service.processes
        else "it does not run now"
    )
    return [f"let the service connect to {listen} instead of {upstream} ({whose}: look in its settings)"]
