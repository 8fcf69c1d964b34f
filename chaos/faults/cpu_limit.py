"""Lower a container's CPU quota. The dose is the kernel's own throttling account."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from chaos.engine import limits, refs
from chaos.errors import FaultError
from chaos.faults.shared import cgroup_stats, containers, exclusive, foreseen
from chaos.faults.shared.each import OnContainer, OnEach
from chaos.plugin.fault import Evidence, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe, no, unknown, until_no, yes
from chaos.record.inventory.document import CONTAINERS
from chaos.spec.units import NotNegative, show_seconds
from chaos.spec.yamlfile import Model, Name


class CpuLimitParams(Model):
    target: Name = "api"
    which: containers.Which = "all"  # of a role with several containers
    cpus: Annotated[float, Field(ge=0.01, le=512)] = 0.2  # CPUs
    min_held_back: NotNegative = 0.2  # the floor: seconds that its threads waited for the next CFS period


class CpuLimitOne(OnContainer):
    Params = CpuLimitParams

    def __init__(self, params: CpuLimitParams, handles: Handles, mark: str) -> None:
        super().__init__(params, handles, mark)
        self._params = params
        self._before = 0.0

    @until_no
    def probes(self) -> Iterator[Probe]:
        wanted, name = self._params.cpus, self._ref.name
        with containers.acting(self._ref, "cpu_limit") as found:
            yield foreseen.runs(found)
            engine = foreseen.engine_says(found)
            has = limits.processors(limits.read(found, limits.CPU)) or float(engine["NCPU"])
        what = f"{name} can be limited to {wanted:g} CPUs"
        if not engine.get("CpuCfsQuota", True):
            yield no(what, "the engine's kernel has no CFS quota", "use a kernel with CONFIG_CFS_BANDWIDTH")
        elif wanted >= has:
            yield no(what, f"it has {has:g}", f"set `cpus` below {has:g}")
        else:
            yield yes(what, f"it has {has:g}")
        yield unknown(
            "floor: held_back_seconds",
            f"its threads must wait {show_seconds(self._params.min_held_back)} for a CPU",
        )

    def prepare(self) -> Undo:
        with exclusive.claimed(self._ref, "cpu_limit", self._mark):
            with containers.acting(self._ref, "cpu_limit") as found:
                before = limits.as_found(found, cgroup_stats.cgroup(found, self._ref), limits.CPU)
            has, wanted = limits.processors(before), self._params.cpus
            if has is not None and wanted >= has:
                raise FaultError(f"cpu_limit: {self._ref.name} has {has:g} CPUs: {wanted:g} is not fewer")
        return {"container": refs.to_json(self._ref), "limits": before, "mark": self._mark}

    def inject(self) -> Evidence:
        with containers.acting(self._ref, "cpu_limit") as found:
            self._before = cgroup_stats.held_back(found, self._ref)
            limits.write(found, limits.cpus(found, self._params.cpus))
            return {"container": self._ref.name, "limits": limits.read(found, limits.CPU)}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        stop.wait(seconds)
        with containers.acting(self._ref, "cpu_limit") as found:
            waited = cgroup_stats.held_back(found, self._ref) - self._before
        return Held(
            dose={"held_back_seconds": round(waited, 2)},
            floor={"held_back_seconds": self._params.min_held_back},
        )

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset({CONTAINERS})

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        ref, before = refs.from_json(undo["container"]), undo["limits"]
        wanted = " ".join(f"{name}={value}" for name, value in limits.as_before(before).items())
        by_hand = f"docker update {ref.name} back to {wanted}"
        done = containers.undoing(ref, by_hand, lambda _, found: limits.put_back(found, before))
        exclusive.release(ref, "cpu_limit", undo["mark"])
        return done


class CpuLimit(OnEach):
    Params = CpuLimitParams
    One = CpuLimitOne
    held_throughout = True
