"""The sampler's interface to a source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")

Gauges = dict[tuple[str, str], float]
"""(source, gauge) -> value."""


class Source(Protocol):
    def read(self) -> Gauges:
        """The gauges now; empty if the source does not answer. Never raises, and has its own deadline."""
        ...

    def close(self) -> None: ...


def labelled(refs: Mapping[str, Sequence[T]], name: Callable[[T], str]) -> dict[str, T]:
    """Each under its role; if a role has several, under the role and their own names."""
    return {
        role if len(each) == 1 else f"{role} {name(ref)}": ref for role, each in refs.items() for ref in each
    }
