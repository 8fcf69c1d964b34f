"""One step at a time per limit of a subject: a second one would record the first's change as the original."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chaos.errors import FaultError
from chaos.plugin.handles import ContainerRef, ProcessRef

_HELD: dict[tuple[str, str], str] = {}  # the mark of the step, by subject and fault


@contextmanager
def claimed(ref: ContainerRef | ProcessRef, fault: str, mark: str) -> Iterator[None]:
    """Claim it before reading the current value; held until `release`, or until the body raises.

    Raises FaultError while another step of the same run holds it.
    """
    key = (_id(ref), fault)
    held = _HELD.setdefault(key, mark)
    run, _, step = held.partition("/")
    if held != mark and run == mark.partition("/")[0]:
        raise FaultError(
            f"{fault}: {_name(ref)} is already limited by step {step!r}; let that step end before this one begins"
        )
    _HELD[key] = mark  # nothing of an earlier run is still in force
    try:
        yield
    except BaseException:
        release(ref, fault, mark)
        raise


def release(ref: ContainerRef | ProcessRef, fault: str, mark: str) -> None:
    """Release it; a no-op in any process other than the one that claimed it."""
    if _HELD.get((_id(ref), fault)) == mark:
        _HELD.pop((_id(ref), fault), None)


def _id(ref: ContainerRef | ProcessRef) -> str:
    return ref.id if isinstance(ref, ContainerRef) else f"{ref.pid} of {ref.create_time}"


def _name(ref: ContainerRef | ProcessRef) -> str:
    return ref.name if isinstance(ref, ContainerRef) else f"process {ref.pid}"
