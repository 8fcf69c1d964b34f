"""What can be played: an experiment, a suite of them, or the check of a backup."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console as Terminal

from chaos.checks.result import RunResult
from chaos.run.rehearsal import Row


@dataclass(frozen=True, slots=True)
class Request:
    """How a file is to be played; what a kind of play does not have is refused with UsageError."""

    target: str = "embedded"
    profile: str | None = None  # the target's first one
    seed: int = 1
    changes: tuple[str, ...] = ()  # step.param=value


@dataclass(frozen=True, slots=True)
class Summary:
    """A line of `midnight list`."""

    play: str  # how long it takes
    steps: str
    title: str


class Planned(Protocol):
    """A plan, checked, with nothing touched yet."""

    @property
    def aim(self) -> str:
        """What two runs must not be aimed at together. Raises MidnightError where that cannot be told."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is odd about it, and may still be meant."""
        ...


class Playable(Protocol):
    """One file of `experiments/`. Each method raises FileError for its first broken rule, and UsageError for a
    request that does not fit it, before anything is touched."""

    def __init__(self, path: Path) -> None: ...

    def summary(self) -> Summary: ...

    def warnings(self, target: str) -> tuple[str, ...]:
        """Validate the file, against the target where any target can be meant."""
        ...

    def plan(self, request: Request) -> Planned: ...

    def show(self, request: Request, *, as_json: bool) -> str:
        """The plan with its times, as lines or as JSON."""
        ...

    def rehearse(self, request: Request) -> list[Row]:
        """Probe the target and every step; inject nothing."""
        ...

    def play(self, request: Request, terminal: Terminal) -> RunResult:
        """Play, judge, write verdict and report, remember; progress goes to `terminal`."""
        ...

    def tell(self, result: RunResult, terminal: Terminal) -> None:
        """The verdict for a reader, where there is one."""
        ...
