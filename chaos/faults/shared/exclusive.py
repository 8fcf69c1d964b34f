"""One step at a time changes one thing of a container: a second would take the first's change for what was before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chaos.errors import FaultError
from chaos.plugin.handles import ContainerRef

_HELD: dict[tuple[str, str], str] = {}  # the mark of the step, by container and fault


@contextmanager
def claimed(ref: ContainerRef, fault: str, mark: str) -> Iterator[None]:
    """Claim it before what is there is read; it is held until `release`, or until what follows here raises.

    Raises FaultError while another step of the same run has it.
    """
    held = _HELD.setdefault((ref.id, fault), mark)
    run, _, step = held.partition("/")
    if held != mark and run == mark.partition("/")[0]:
        raise FaultError(
            f"{fault}: {ref.name} is limited by step {step!r} already; let it end before this begins"
        )
    _HELD[ref.id, fault] = mark  # of an earlier run nothing is in force any more
    try:
        yield
    except BaseException:
        release(ref, fault, mark)
        raise


def release(ref: ContainerRef, fault: str, mark: str) -> None:
    """Give it back; in another process than the one that claimed it there is nothing to give."""
    if _HELD.get((ref.id, fault)) == mark:
        _HELD.pop((ref.id, fault), None)
