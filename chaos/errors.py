"""The exception tree, and the one place that maps everything to an exit code.

MidnightError                5  the tool itself failed
├── UsageError               2  bad arguments; nothing was touched
│   ├── FileError            2  a bad file: names file, line, place, rule and value
│   ├── ToolMissing          2  a part of the stack is not on this machine: says how to get it
│   ├── Unreadable           2  a file of a stored run cannot be read
│   └── Refused              2  the run would hurt the machine, or the target is taken, or runs are halted
├── NoVerdict                3  no verdict can be given honestly (no steady state, nothing observed)
│   └── TargetGone           3  a step found nothing to act on: the target is down, which is no failure of ours
├── Aborted                  4  an abort condition or a signal ended the run
├── TargetError              5  the target could not be brought up
│   └── BackupUnusable       5  a backup or an archive cannot be restored from: says why
├── FaultError               5  a fault could not be prepared or injected
├── LoadError                5  the load process failed
├── NotRecorded              5  the run's own records cannot be written: says what to free, and how much
├── ControlError             5  a control interface (Toxiproxy) did not do what it was asked
└── UndoError             6  something could not be undone: says what, and how to do it by hand
"""

from __future__ import annotations

from pathlib import Path


class MidnightError(Exception):
    """Any error this program raises on purpose. `exit_code` is what the process ends with."""

    exit_code = 5


class UsageError(MidnightError):
    exit_code = 2


class FileError(UsageError):
    """One broken rule in one file, printed as `file:line: place: rule, got value`."""

    def __init__(
        self, path: Path | str, line: int | None, place: str, rule: str, value: object = None
    ) -> None:
        self.path, self.line, self.place, self.rule, self.value = path, line, place, rule, value
        where = f"{path}:{line}" if line is not None else f"{path}"
        got = "" if value is None else f", got {value!r}"
        super().__init__(f"{where}: {place}: {rule}{got}" if place else f"{where}: {rule}{got}")


class ToolMissing(UsageError):
    def __init__(self, part: str, because: str, remedy: str) -> None:
        self.part, self.because, self.remedy = part, because, remedy
        super().__init__(f"{part}: {because}; {remedy}")


class Unreadable(UsageError):
    """A file of a stored run cannot be read: its cause says why."""


class Refused(UsageError):
    pass


class NoVerdict(MidnightError):
    exit_code = 3


class TargetGone(NoVerdict):
    pass


class Aborted(MidnightError):
    exit_code = 4


class TargetError(MidnightError):
    pass


class BackupUnusable(TargetError):
    pass


class FaultError(MidnightError):
    pass


class LoadError(MidnightError):
    pass


class ControlError(MidnightError):
    pass


class NotRecorded(MidnightError, OSError):
    """Also an OSError: whoever can go on without the record suppresses those."""


class UndoError(MidnightError):
    exit_code = 6


PRECEDENCE = (6, 5, 1, 4, 3, 0)
"""Of several exit codes, the one to end with: a violation proven before an abort stays a violation."""


def worst(codes: list[int]) -> int:
    """The exit code that stands for all of `codes` (0 for none). Usage (2) never mixes with a run."""
    return next((code for code in PRECEDENCE if code in codes), 0)
