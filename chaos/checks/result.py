"""The result of a run."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.checks.verdict import Verdict
from chaos.errors import ExitCode
from chaos.record.store import RunDir


@dataclass(frozen=True, slots=True)
class RunResult:
    """A run that has ended: an experiment's, a suite's or a backup check's.

    `exit_code` counts everything that went wrong; `verdict.exit_code` counts the findings alone until the verdict
    is written. `verdict` is None if the run could not be judged. Each of `errors` is one line of text.
    """

    run: RunDir
    exit_code: ExitCode
    verdict: Verdict | None
    errors: tuple[str, ...] = ()
    title: str = ""  # as a scenario of a suite
    hint: str = ""  # the next command
