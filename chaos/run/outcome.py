"""How a run ends: each error becomes a reason, an exit code and an error line; then comes the verdict."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos.checks.result import RunResult
from chaos.checks.verdict import Verdict
from chaos.errors import Aborted, ExitCode, MidnightError, NotRecorded, Unreadable, of_error, of_run, worst
from chaos.host.processes import ref_of
from chaos.record.events import RunBegun
from chaos.record.journal import Clock, boot_id
from chaos.record.store import RunDir, why_not_written
from chaos.undo.heal import LEFT_BEHIND, Healed


class Course:
    """The outcome of a run so far. `redact` masks secrets in messages."""

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
        """Record that the run ends early."""
        self.reason = reason
        self._codes.append(of_run(of_error(error)))
        known = isinstance(error, MidnightError)
        told = self._redact(str(error) if known else f"{type(error).__name__}: {error}")
        if told not in self.errors:
            self.errors.append(told)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Record that the run's records cannot be written, which ends the run."""
        try:
            yield
        except NotRecorded as error:
            self.end("failed", error)

    def end_by(self, group: BaseExceptionGroup[BaseException]) -> None:
        """Record each of several simultaneous errors, which may include an abort."""
        for leaf in _leaves(group):
            self.end("aborted" if isinstance(leaf, Aborted) else "failed", leaf)

    def undone(self, results: Iterable[Healed]) -> None:
        """Record the results of the final undo."""
        # leftovers are a finding of the verdict, with its own exit code
        for failed in (result for result in results if result.error and result.what != LEFT_BEHIND):
            self._codes.append(ExitCode.NOT_UNDONE)
            self.errors.append(self._redact(f"not undone: {failed.what.name}: {failed.error}"))

    def judged(self, run: RunDir, judge: Callable[[], Verdict]) -> RunResult:
        """Judge the run. Returns the verdict, and the worst of all exit codes."""
        verdict = None
        try:
            verdict = judge()
            self._codes.append(verdict.exit_code)
        except Exception as caught:  # a run that cannot be judged is midnight's failure, never a violation
            self._codes.append(ExitCode.FAILED)
            error = caught.__cause__ or caught if isinstance(caught, Unreadable) else caught
            because = f"{type(error).__name__}: {error}"
            if isinstance(error, OSError) and isinstance(error.filename, str | Path):
                because = why_not_written(error, Path(error.filename))
            self.errors.append(self._redact(f"could not judge the run: {because}"))
        return RunResult(run, worst(self._codes), verdict, tuple(self.errors))


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """Yield the exceptions of a group, with nested groups flattened."""
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def begun(clock: Clock) -> RunBegun:
    """Return the first event of a run: its start on every clock, and its process."""
    me = ref_of(os.getpid())
    return RunBegun(
        clock.now(),
        utc=clock.utc_at_zero().isoformat(timespec="milliseconds"),
        boot=boot_id(),
        monotonic=clock.zero,
        pid=me.pid,
        create_time=me.create_time,
    )
