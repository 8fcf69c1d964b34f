"""What has become of a run that has ended."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.checks.verdict import Verdict
from chaos.errors import ExitCode
from chaos.record.store import RunDir


@dataclass(frozen=True, slots=True)
class RunResult:
    """A run that has ended: an experiment's, a suite's or a backup check's.

    `exit_code` is that of the whole run, `verdict.exit_code` that of its findings alone, until the verdict is
    written. `verdict` is None when not even judging was possible. `errors` are lines for a reader.
    """

    run: RunDir
    exit_code: ExitCode
    verdict: Verdict | None
    errors: tuple[str, ...] = ()
    title: str = ""  # as a scenario of a suite
    hint: str = ""  # what its reader may want to type next
