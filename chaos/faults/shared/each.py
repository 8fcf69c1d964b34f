"""A fault on a role with several containers or processes: the same act on each one chosen, at the same time.

`which: one|all|50%` chooses. Evidence is reported for each; the effect is reached when each one has reached its own
floor. If one is gone or has ended, the others are still hit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, TypeVar

from chaos.errors import FaultError, MidnightError, TargetGone, UndoError
from chaos.faults.shared import containers
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe
from chaos.record.inventory.differences import Claim

T = TypeVar("T")


class OnContainer(Fault):
    """A fault on one container of a role, for `OnEach.One`; its Params have `target`."""

    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: Any) -> frozenset[str]:
        return frozenset({f"containers.{params.target}"})

    def __init__(self, params: Any, handles: Handles, mark: str) -> None:
        self._mark, self._ref = mark, containers.container(handles, params.target)


class OnEach(Fault):
    """Subclasses name the fault on one subject; its Params have `target` and `which`."""

    One: ClassVar[type[Fault]]
    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: Any) -> frozenset[str]:
        return cls.One.needs_of(params)

    @classmethod
    def staging(cls, params: Any) -> Mapping[str, float]:
        return cls.One.staging(params)

    @classmethod
    def reachable(cls, params: Any, hold: float) -> Mapping[str, float]:
        return cls.One.reachable(params, hold)

    def __init__(self, params: Any, handles: Handles, mark: str) -> None:
        there = containers.all_of(handles, params.target)
        self._of, self._alone = len(there), len(there) == 1
        self._parts: dict[str, Fault] = {
            containers.name_of(each): self.One(
                params,
                containers.narrowed(handles, params.target, each),
                mark if self._alone else f"{mark}.{number}",
            )
            for number, each in enumerate(containers.chosen(there, params.which), 1)
        }
        self._chosen = len(self._parts)

    def only(self, part: Fault, name: str) -> None:
        """Act on this alone, in place of the subjects of a role."""
        self._parts, self._of, self._alone, self._chosen = {name: part}, 1, True, 1

    def probes(self) -> Iterable[Probe]:
        for part in self._parts.values():
            yield from part.probes()

    def prepare(self) -> Undo:
        if self._alone:
            return self._only.prepare()
        undos: dict[str, Undo] = {}
        try:
            self._do(lambda name, part: undos.update({name: part.prepare()}))
        except BaseException:
            for undo in undos.values():
                self.One.undo(undo)
            raise
        return {"each": list(undos.values()), "urgent": any(undo.get("urgent") for undo in undos.values())}

    def inject(self) -> Evidence:
        if self._alone:
            return self._only.inject()
        return {"of": self._of, "each": self._do(lambda _, part: part.inject())}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        if self._alone:
            return self._only.hold(seconds, stop)
        held = self._do(lambda _, part: part.hold(seconds, stop))
        return Held(
            dose={"reached": float(sum(map(_reached, held.values())))},
            floor={"reached": float(self._chosen)},
            evidence={"of": self._of, "each": {name: each.to_json() for name, each in held.items()}},
            unproven="; ".join(f"{name}: {each.unproven}" for name, each in held.items() if each.unproven),
        )

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        return frozenset[str]().union(*(cls.One.touches(each) for each in undo.get("each", [undo])))

    @classmethod
    def explains(cls, undo: Undo) -> Sequence[Claim]:
        return [claim for each in undo.get("each", [undo]) for claim in cls.One.explains(each)]

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        """Try each, even if others fail. Raises UndoError naming those that are left."""
        if "each" not in undo:
            return cls.One.undo(undo)
        undos = {str(number): each for number, each in enumerate(undo["each"])}
        done, failed = _at_once(undos, lambda _, each: cls.One.undo(each))
        if failed:
            raise UndoError("; ".join(str(error) for error in failed.values()))
        return {"each": list(done.values())}

    @property
    def _only(self) -> Fault:
        return next(iter(self._parts.values()))

    def _do(self, act: Callable[[str, Fault], T]) -> dict[str, T]:
        """Return the result of `act` for each one that exists; leave out those that are gone from now on.

        Raises FaultError on any other failure; TargetGone if none is left.
        """
        done, failed = _at_once(self._parts, act)
        for name, error in failed.items():
            if not isinstance(error, TargetGone):
                raise error if isinstance(error, MidnightError) else FaultError(f"{name}: {error!r}")
            self._parts.pop(name)
        if not done:
            raise TargetGone("; ".join(map(str, failed.values())) or "all of them are gone")
        return done


def _at_once(
    each: Mapping[str, T], act: Callable[[str, T], Any]
) -> tuple[dict[str, Any], dict[str, Exception]]:
    """Results and exceptions of `act` by name; waits for all of them."""
    done: dict[str, Any] = {}
    failed: dict[str, Exception] = {}
    with ThreadPoolExecutor(max(1, len(each))) as pool:
        futures = {name: pool.submit(act, name, one) for name, one in each.items()}
    for name, future in futures.items():
        error = future.exception()
        if error is None:
            done[name] = future.result()
        elif isinstance(error, Exception):
            failed[name] = error
        else:
            raise error
    return done, failed


def _reached(held: Held) -> bool:
    return not held.unproven and all(held.dose.get(name, 0.0) >= least for name, least in held.floor.items())
