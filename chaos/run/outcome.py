"""How a run ends: what goes wrong becomes a reason, an exit code and an error line; then comes the verdict."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.checks.verdict import Verdict
from chaos.errors import PRECEDENCE, Aborted, MidnightError, NotRecorded, Unreadable, worst
from chaos.host.processes import ref_of
from chaos.record.journal import Clock, boot_id
from chaos.record.store import why_not_written
from chaos.undo.heal import LEFT_BEHIND, Healed


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. `verdict` is None when not even judging was possible."""

    exit_code: int
    verdict: Verdict | None
    errors: tuple[str, ...]


class Course:
    """What has become of a run so far. `redact` takes secrets out of what is said."""

    def __init__(self, redact: Callable[[str], str] = str) -> None:
        self.reason = "completed"
        self.errors: list[str] = []
        self._codes: list[int] = []
        self._redact = redact

    @property
    def because(self) -> str:
        return "; ".join(self.errors)

    @property
    def unbroken(self) -> bool:
        return self.reason == "completed"

    def end(self, reason: str, error: BaseException) -> None:
        """The run ends early, or was ended."""
        self.reason = reason
        code = error.exit_code if isinstance(error, MidnightError) else 5
        self._codes.append(code if code in PRECEDENCE else 5)  # 2 would say that nothing was touched
        known = isinstance(error, MidnightError)
        told = self._redact(str(error) if known else f"{type(error).__name__}: {error}")
        if told not in self.errors:
            self.errors.append(told)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """What cannot be recorded ends the run, and nothing else."""
        try:
            yield
        except NotRecorded as error:
            self.end("failed", error)

    def end_by(self, group: BaseExceptionGroup[BaseException]) -> None:
        """Each of what went wrong at once, an abort among them or not."""
        for leaf in _leaves(group):
            self.end("aborted" if isinstance(leaf, Aborted) else "failed", leaf)

    def undone(self, results: Iterable[Healed]) -> None:
        """What was outstanding at the end has been undone, as far as it could be."""
        # what is left behind is a finding of the verdict, with its own exit code
        for failed in (result for result in results if result.error and result.what != LEFT_BEHIND):
            self._codes.append(6)
            self.errors.append(self._redact(f"not undone: {failed.what.name}: {failed.error}"))

    def judged(self, judge: Callable[[], Verdict]) -> Ending:
        """The verdict, and the worst of all exit codes."""
        verdict = None
        try:
            verdict = judge()
            self._codes.append(verdict.exit_code)
        except Exception as caught:  # a run that cannot be judged is the tool's failure, never a violation
            self._codes.append(5)
            error = caught.__cause__ or caught if isinstance(caught, Unreadable) else caught
            because = f"{type(error).__name__}: {error}"
            if isinstance(error, OSError) and isinstance(error.filename, str | Path):
                because = why_not_written(error, Path(error.filename))
            self.errors.append(self._redact(f"the run could not be judged: {because}"))
        return Ending(worst(self._codes), verdict, tuple(self.errors))


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """The exceptions of a group, the groups in it opened."""
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def begun(clock: Clock) -> dict[str, Any]:
    """What the first event of a run tells: when that was, by every clock, and who plays it."""
    me = ref_of(os.getpid())
    return {
        "utc": clock.utc_at_zero().isoformat(timespec="milliseconds"),
        "boot": boot_id(),
        "monotonic": clock.zero,
        "pid": me.pid,
        "create_time": me.create_time,
    }
