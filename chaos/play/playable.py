"""One protocol for an experiment, a suite and a backup check."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # slow, and `midnight list` plays nothing
    from rich.console import Console as Terminal

    from chaos.checks.result import RunResult
    from chaos.run.rehearsal import Row


@dataclass(frozen=True, slots=True)
class Request:
    """How to play a file. A kind without profiles or steps refuses them with UsageError."""

    target: str = "embedded"
    profile: str | None = None  # None: the target's first
    seed: int = 1
    changes: tuple[str, ...] = ()  # step.param=value
    monitoring: str | None = None  # a monitored stack, which scrapes midnight at this HOST:PORT if not empty


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of `midnight list`."""

    play: str  # its duration
    steps: str
    title: str


class Planned(Protocol):
    """A checked plan; nothing is touched yet."""

    @property
    def aim(self) -> str:
        """The name of the lock that keeps two runs off one target. Raises MidnightError."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """Likely mistakes that may be intended."""
        ...


class Playable(Protocol):
    """One file of `experiments/`. Each method raises FileError for the first broken rule, and UsageError for a
    request that does not fit the file, before anything is touched."""

    def __init__(self, path: Path) -> None: ...

    def summary(self) -> Summary: ...

    def warnings(self, target: str) -> tuple[str, ...]:
        """Validate the file against the target; a backup check, which has its own target, by itself."""
        ...

    def plan(self, request: Request) -> Planned: ...

    def show(self, request: Request, *, as_json: bool) -> str:
        """Return the plan with its times, as text or JSON."""
        ...

    def rehearse(self, request: Request) -> list[Row]:
        """Probe the target and every step; inject nothing."""
        ...

    def play(self, request: Request, terminal: Terminal) -> RunResult:
        """Play, judge, write verdict and report, index the run; progress goes to `terminal`."""
        ...

    def tell(self, result: RunResult, terminal: Terminal) -> None:
        """Print the verdict, if any, and the next command."""
        ...
