"""Shared by faults that end a container as its operators would, and start it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import Field

from chaos.faults.shared import containers, foreseen
from chaos.faults.shared.each import OnContainer
from chaos.faults.shared.own_traffic import OwnTraffic
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe
from chaos.spec.units import NotNegative
from chaos.spec.yamlfile import Model, Name


class EndsContainerParams(Model):
    target: Name = "api"
    which: containers.Which = "all"  # of a role with several containers
    grace: Annotated[NotNegative, Field(le=30, multiple_of=1)] = 10.0  # whole seconds until it is killed


class EndsContainer(OnContainer):
    """A subclass ends the container in `inject`, and measures its dose in `hold`."""

    Params = EndsContainerParams
    act: ClassVar[str]  # the fault's own name

    def __init__(self, params: EndsContainerParams, handles: Handles, mark: str) -> None:
        super().__init__(params, handles, mark)
        self._grace = int(params.grace)
        self._traffic = OwnTraffic(handles, self._ref, mark)
        self._handles = handles
        self._before: dict[str, Any] = {}  # the container's state before the act

    def probes(self) -> Iterator[Probe]:
        yield from foreseen.can_be_ended(self._ref, self.act)
        yield from self._traffic.probes()

    def prepare(self) -> Undo:
        with containers.acting(self._ref, self.act) as found:
            self._before = containers.state(found)
            return containers.to_start_again(found, self._ref, self.act, self._grace, self._handles)

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        return containers.ends(undo)

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return containers.started_again(undo)
