"""A report format: a name, the file that it is stored in, and a pure function of a judged run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaos.checks.result import RunResult
    from chaos.checks.verdict import Verdict
    from chaos.history.drills import Earlier
    from chaos.record.journal import Journal
    from chaos.record.store import RunDir
    from chaos.spec.experiment import Experiment


@dataclass(frozen=True)
class JudgedRun:
    """One stored run and its verdict. `parts` are the runs of a suite, None of any other run; `earlier` are the drills
    before this one."""

    run: RunDir
    verdict: Verdict
    parts: Sequence[RunResult] | None = None
    earlier: Sequence[Earlier] = ()
    experiment: Experiment | None = None  # with other objectives than those that were played

    @cached_property
    def journal(self) -> Journal:
        from chaos.record.journal import Journal  # slow, and not needed to list formats or figures

        return Journal(self.run)


@dataclass(frozen=True, slots=True)
class Format:
    """Plug-ins register theirs under `midnight.reports`. `render` writes nothing: midnight writes what it returns, to
    `file` in the directory of the run unless the user names another file."""

    name: str
    file: str
    render: Callable[[JudgedRun], str | bytes]
