"""Lower a container's memory limit to just above its usage and take what is left, so that the kernel kills.

A sidecar inside the container's own cgroup holds the memory. If the engine grants it, the sidecar is exempted from
the OOM killer; otherwise the kernel may kill the sidecar, which proves nothing. Killing the main process ends the
container (the engine reports `OOMKilled`); killing a child does not, and only the kernel's count and the engine's
event show it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from chaos.engine import limits, refs, sidecar
from chaos.engine.attached import Attached
from chaos.engine.oom_events import OomEvents
from chaos.errors import ControlError, FaultError, TargetGone, UndoError
from chaos.faults.shared import cgroup_stats, containers, exclusive, foreseen, proxies_kept
from chaos.faults.shared.each import OnContainer, OnEach
from chaos.host.worker import Worker
from chaos.plugin.fault import Evidence, Held, Undo
from chaos.plugin.handles import ContainerRef, Handles
from chaos.plugin.probe import Probe, no, unknown, until_no, yes
from chaos.spec.units import Size
from chaos.spec.yamlfile import Model, Name

if TYPE_CHECKING:
    from docker.models.containers import Container

SPARED = ("SYS_RESOURCE",)  # the capability needed to request it
KILLED = 137  # the exit code of a program that was ended with SIGKILL
NOTICED = 0.5  # seconds until the engine reports that a container has ended
DEADLINE = 600.0  # seconds after which the sidecar ends by itself
STEP = 1_000_000  # bytes at a time
SHRUNK_WITHIN = (
    10.0  # seconds: if usage grows between read and write, the kernel refuses and the read is repeated
)


class MemoryLimitParams(Model):
    target: Name = "api"
    which: containers.Which = "all"  # of a role with several containers
    headroom: Size = 16_000_000  # bytes above what it uses now
    stress: bool = True  # take the rest instead of waiting for the target to grow


class MemoryLimitOne(OnContainer):
    Params = MemoryLimitParams

    def __init__(self, params: MemoryLimitParams, handles: Handles, mark: str) -> None:
        super().__init__(params, handles, mark)
        self._params = params
        self._handles = handles
        self._worker: Worker | None = None
        self._stress_program: Attached | None = None

    @until_no
    def probes(self) -> Iterator[Probe]:
        yield from foreseen.can_be_ended(self._ref, "memory_limit")
        with containers.acting(self._ref, "memory_limit") as found:
            yield self._floor(int(cgroup_stats.memory(found, self._ref)))
            yield self._is_killed(found)
            if self._params.stress:
                yield foreseen.has_sidecars(found)

    def prepare(self) -> Undo:
        with (
            exclusive.claimed(self._ref, "memory_limit", self._mark),
            containers.acting(self._ref, "memory_limit") as found,
        ):
            was = containers.may_end(found, self._ref, "memory_limit")["Status"]
            before = limits.as_found(found, cgroup_stats.cgroup(found, self._ref), limits.MEMORY)
        self._limit_before = before["Memory"]
        undo = {"container": refs.to_json(self._ref), "limits": before, "was": was, "mark": self._mark}
        return {**undo, **proxies_kept.kept(self._handles, self._ref)}

    def inject(self) -> Evidence:
        with containers.acting(self._ref, "memory_limit") as found:
            self._before = containers.state(found)
            self._cgroup = cgroup_stats.cgroup(found, self._ref)
            self._kills = self._cgroup.oom_kills() if self._cgroup else 0.0
            self._events = OomEvents(self._ref)
            limit = _lower(found, self._ref, self._params.headroom, self._limit_before)
        evidence = {"container": self._ref.name, "limit_bytes": limit}
        if self._params.stress:
            evidence |= self._stress()
        return evidence

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        end, kills = time.monotonic() + seconds, 0.0
        while time.monotonic() < end and not stop.wait(0.1):
            # the count is gone with the cgroup: use the highest seen, or the engine's events
            kills = max(kills, self._counted())
        killed = self._sidecar_was_killed()
        ended = self._ended()
        ours = float(killed and not ended["died"])  # if the container ended, the sidecar ended with it
        kills = max(0.0, max(kills, float(self._events.stop())) - ours)
        main = float(bool(ended.get("OOMKilled")) and ended.get("died", False))
        return Held(
            dose={"killed_for_memory": max(kills, main)},
            floor={"killed_for_memory": 1},
            evidence={
                "main_process_killed": bool(main),
                "children_killed": int(max(0.0, kills - main)),
                "sidecars_killed": int(ours),
                "exit_code": ended.get("ExitCode"),
                "runs_at_the_end": ended.get("Running"),
            },
        )

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        return containers.ends(undo)

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        ref, before = refs.from_json(undo["container"]), undo["limits"]
        try:
            removed = sidecar.remove(ref.engine, undo["mark"], settled=1.0)
        except ControlError as error:
            raise UndoError(
                f"{error}; by hand: docker ps -a --filter label={refs.MARK}={undo['mark']}"
            ) from error

        def put_back(_: Any, found: Container) -> dict[str, Any]:
            again = limits.put_back(found, before)
            return {**again, **(containers.running_again(found) if undo["was"] == "running" else {})}

        by_hand = f"docker update {ref.name} back to {limits.as_before(before)}; docker start {ref.name}"
        done = containers.undoing(ref, by_hand, put_back)
        exclusive.release(ref, "memory_limit", undo["mark"])
        return {**done, **proxies_kept.put_back(undo), "containers_removed": removed}

    def _floor(self, used: int) -> Probe:
        limit = f"it uses {used} bytes and will be limited to {used + self._params.headroom}"
        asked = (
            "midnight takes the rest"
            if self._params.stress
            else "it must grow beyond that by itself (`stress`)"
        )
        answer = yes if self._params.stress else unknown
        return answer("floor: killed_for_memory", f"{limit}, and {asked}; 1 is required")

    @staticmethod
    def _is_killed(found: Container) -> Probe:
        """Probe whether the kernel kills on exceeding the limit."""
        what = f"the kernel kills {found.name} if it exceeds its memory limit"
        if not foreseen.engine_says(found).get("MemoryLimit", True):
            return no(what, "the engine's kernel does not limit memory", "boot it with cgroup_enable=memory")
        if found.attrs["HostConfig"].get("OomKillDisable"):
            return no(what, "it was started with --oom-kill-disable", "start it without --oom-kill-disable")
        return yes(what)

    def _stress(self) -> dict[str, Any]:
        spec = {"memory": STEP, "most": self._params.headroom + 64_000_000, "deadline": DEADLINE}
        try:
            self._worker = Worker("chaos.host.stress", spec, self._mark, self._start)
        except (ControlError, FaultError) as error:
            if isinstance(error, ControlError) and not self._ended()["died"]:
                raise containers.failure("memory_limit", error) from error
            # the target died of its limit while the sidecar started, as intended
            return {"stress": "the container ended as the sidecar started"}
        return {key: self._worker.started[key] for key in ("charged_to", "spared")}

    def _start(self, module: str, mark: str) -> Attached:
        """Start the sidecar, exempt from the OOM killer if the engine grants that. Raises ControlError."""
        try:
            self._stress_program = sidecar.start(self._ref, module, mark, caps=SPARED)
        except ControlError:
            self._stress_program = sidecar.start(self._ref, module, mark)
        return self._stress_program

    def _sidecar_was_killed(self) -> bool:
        if self._stress_program is None or self._stress_program.poll() != KILLED:
            return False
        time.sleep(NOTICED)
        return True

    def _counted(self) -> float:
        return max(0.0, self._cgroup.oom_kills() - self._kills) if self._cgroup else 0.0

    def _ended(self) -> dict[str, Any]:
        with suppress(TargetGone), containers.acting(self._ref, "memory_limit") as found:
            now = containers.state(found)
            died = not now["Running"] or now["StartedAt"] != self._before["StartedAt"]
            return {**now, "died": died}
        return {"died": True}


class MemoryLimit(OnEach):
    Params = MemoryLimitParams
    One = MemoryLimitOne


def _lower(found: Container, ref: ContainerRef, headroom: int, before: int) -> int:
    """Lower the limit to usage plus headroom, if that is below the limit `before` (bytes; 0: none), and return it.
    Raises FaultError.
    """
    end, because = time.monotonic() + SHRUNK_WITHIN, ""
    while time.monotonic() < end:
        wanted = int(cgroup_stats.memory(found, ref)) + headroom
        limit = min(wanted, before or wanted)
        try:
            limits.write(found, {"Memory": limit, "MemorySwap": limit})
            return limit
        except ControlError as error:
            because = str(error)
            time.sleep(0.2)
    raise FaultError(f"memory_limit: {because}")
