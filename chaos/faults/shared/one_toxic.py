"""Shared by faults that put one toxic on one proxy: proven by the service's own connections through it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from chaos.faults.shared import proxies
from chaos.faults.shared.own_path import OwnPath
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe
from chaos.spec.yamlfile import Model, Name
from chaos.toxiproxy import Toxiproxy


class OneToxicParams(Model):
    proxy: Name = "database"


class OneToxic(proxies.OnProxies):
    """A subclass adds its toxic in `inject` and measures its dose in `hold`."""

    toxic: ClassVar[str]  # Toxiproxy's name of it, and the fault's own
    held_throughout = True
    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: OneToxicParams) -> frozenset[str]:
        return frozenset({f"proxies.{params.proxy}"})

    def __init__(self, params: OneToxicParams, handles: Handles, mark: str) -> None:
        self._proxy = handles.proxies[params.proxy]
        self._known = proxies.known(handles, self._proxy)
        self._name = f"midnight-{mark.replace('/', '-')}-{self.toxic}"
        self._path = OwnPath(handles, [params.proxy], mark)

    def probes(self) -> Iterator[Probe]:
        return self._path.probes()

    def prepare(self) -> Undo:
        return {**self._known, "toxics": [self._name]}

    def _add(self, attributes: Mapping[str, Any]) -> None:
        """Add it to answers, and count from then on."""
        self._path.open()
        with self._path.acting(self.toxic):
            Toxiproxy(self._proxy.api).add_toxic(
                self._proxy.name, self._name, self.toxic, "downstream", attributes
            )
        self._path.begin()

    def _in_place(self) -> float:
        return proxies.in_place(self._proxy, [self._name])

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return proxies.remove_toxics(undo, undo["toxics"])
