"""Allow one step at a time per limit of a container: a second one would record the first's change as the original."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chaos.errors import FaultError
from chaos.plugin.handles import ContainerRef

_HELD: dict[tuple[str, str], str] = {}  # the mark of the step, by container and fault


@contextmanager
def claimed(ref: ContainerRef, fault: str, mark: str) -> Iterator[None]:
    """Claim it before reading the current value; held until `release`, or until the body raises.

    Raises FaultError while another step of the same run holds it.
    """
    held = _HELD.setdefault((ref.id, fault), mark)
    run, _, step = held.partition("/")
    if held != mark and run == mark.partition("/")[0]:
        raise FaultError(
            f"{fault}: {ref.name} is already limited by step {step!r}; let that step end before this one begins"
        )
    _HELD[ref.id, fault] = mark  # nothing of an earlier run is still in force
    try:
        yield
    except BaseException:
        release(ref, fault, mark)
        raise


def release(ref: ContainerRef, fault: str, mark: str) -> None:
    """Release it; a no-op in any process other than the one that claimed it."""
    if _HELD.get((ref.id, fault)) == mark:
        _HELD.pop((ref.id, fault), None)
