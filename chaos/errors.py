"""The exception tree, and the one mapping from errors and outcomes to exit codes: the `of_*` functions below, of which
the first in `PRECEDENCE` wins where several apply. Those of one run are collected in `run.outcome.Course`.

MidnightError                5  the tool itself failed
├── UsageError               2  bad arguments; nothing was touched
│   ├── FileError            2  a bad file: names file, line, place, rule and value
│   │   └── FileErrors       2  several broken rules at once
│   ├── ToolMissing          2  a part of the stack is missing on this machine: says how to get it
│   ├── Unreadable           2  a file of a stored run cannot be read
│   └── Refused              2  the run would harm the machine, the target is in use, or runs are halted
├── NoVerdict                3  no verdict is possible (no steady state, nothing observed)
│   └── TargetGone           3  a step found nothing to act on because the target is down
├── Aborted                  4  an abort condition or a signal ended the run
├── TargetError              5  the target could not be brought up
│   └── BackupUnusable       5  a backup or archive cannot be restored: says why
├── FaultError               5  a fault could not be prepared or injected
├── LoadError                5  the load process failed
├── NotRecorded              5  the run's records cannot be written: says where to free space, and how much
├── ControlError             5  a control API (Toxiproxy) failed or refused a call
└── UndoError             6  something could not be undone: says what, and how to undo it by hand
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from pathlib import Path
from typing import Any


class ExitCode(IntEnum):
    """The exit codes of midnight. Elsewhere in the code, use the member, never the number."""

    PASS = 0
    VIOLATED = 1
    USAGE = 2
    UNKNOWN = 3
    ABORTED = 4
    FAILED = 5
    NOT_UNDONE = 6

    @property
    def words(self) -> str:
        """In capitals, for a gate and an audit; a run's verdict begins with `checks.headline.word`."""
        return _WORDS[self]

    @property
    def verdict(self) -> str:
        """The matching `verdict` value in JSON."""
        return {ExitCode.PASS: "pass", ExitCode.VIOLATED: "fail"}.get(self, "unknown")


_WORDS = {
    ExitCode.PASS: "PASS",
    ExitCode.VIOLATED: "FAIL",
    ExitCode.USAGE: "REFUSED",
    ExitCode.UNKNOWN: "UNKNOWN",
    ExitCode.ABORTED: "ABORTED",
    ExitCode.FAILED: "MIDNIGHT FAILED",
    ExitCode.NOT_UNDONE: "NOT UNDONE",
}

JUDGED = frozenset({ExitCode.PASS, ExitCode.VIOLATED, ExitCode.UNKNOWN})
"""Exit codes of a run played to its end."""


class MidnightError(Exception):
    """Base of all deliberate errors. The process exits with `exit_code`."""

    exit_code = ExitCode.FAILED

    @property
    def lines(self) -> tuple[str, ...]:
        """The messages to print, one for each mistake."""
        return (str(self),)


class UsageError(MidnightError):
    exit_code = ExitCode.USAGE


LONGEST = 290
"""Maximum characters of a line about a file, whatever the file holds: with `midnight: ` in front, 300."""

_LONGEST_VALUE, _LONGEST_PLACE, _LEAST_RULE = 60, 90, 40


@dataclass(frozen=True, slots=True)
class UnknownKey:
    """An unknown key, and the one that it is meant to be, if any. `needless`: nothing else in the file needs it."""

    rule: str
    meant: str | None = None
    value: str | None = None  # of the one that is meant, if it is part of the key: `hold 1s`
    needless: bool = False


@dataclass(frozen=True, slots=True)
class Hint:
    """What mends a mistake, as far as its rule knows."""

    values: tuple[Any, ...] = ()  # that would do in its place
    is_kind: bool = False  # the value is of a wrong kind, such as a list: what is in it does not matter
    unknown_key: UnknownKey | None = None


NO_HINT = Hint()


class FileError(UsageError):
    """One broken rule in one file, printed as `file:line: place: rule, got value` on one line."""

    def __init__(
        self,
        path: Path | str,
        line: int | None,
        place: str,
        rule: str,
        value: object = None,
        keys: tuple[int | str, ...] = (),
        hint: Hint = NO_HINT,
    ) -> None:
        """`keys` lead to the place in the file, where they are known."""
        self.path, self.line, self.place, self.rule, self.value = path, line, place, rule, value
        self.keys, self.hint = keys, hint
        where = f"{path}:{line}: " if line is not None else f"{path}: "
        where += f"{on_one_line(place, _LONGEST_PLACE)}: " if place else ""
        shown = _as_written(value)
        got = "" if value is None else got_instead(rule, on_one_line(shown, _LONGEST_VALUE))
        super().__init__(f"{where}{on_one_line(rule, max(_LEAST_RULE, LONGEST - len(where + got)))}{got}")

    @property
    def each(self) -> tuple[FileError, ...]:
        return (self,)


def got_instead(rule: str, shown: str) -> str:
    """The end of a message about a broken rule: `, got 5`, and ` (got 5)` behind a question."""
    return f" (got {shown})" if rule.endswith("?") else f", got {shown}"


def _as_written(value: object) -> str:
    """Format a value as a file would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, date) else repr(value)


class FileErrors(FileError):
    """Several broken rules, each on a line of its own; `path`, `line` and so on are those of the first."""

    def __init__(self, errors: Sequence[FileError]) -> None:
        first = errors[0]
        super().__init__(first.path, first.line, first.place, first.rule, first.value, first.keys, first.hint)
        self._errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(self.lines)

    @property
    def each(self) -> tuple[FileError, ...]:
        return self._errors

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(map(str, self._errors))


def together(errors: Sequence[FileError]) -> FileError:
    """Return one error for all of these, at least one: file after file, by their lines, each message once."""
    each = list({str(error): error for error in errors}.values())
    files = list(dict.fromkeys(str(error.path) for error in each))
    each.sort(key=lambda error: (files.index(str(error.path)), error.line or 0))
    return FileErrors(each) if len(each) > 1 else each[0]


def on_one_line(text: str, longest: int) -> str:
    """The text on one line, without control characters."""
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text[: longest + 1])
    return shown if len(shown) <= longest else f"{shown[: longest - 3]}..."


class ToolMissing(UsageError):
    def __init__(self, part: str, because: str, remedy: str) -> None:
        self.part, self.because, self.remedy = part, because, remedy
        super().__init__(f"{part}: {because}; {remedy}")


class Unreadable(UsageError):
    """A file of a stored run cannot be read; see `__cause__`."""


class Refused(UsageError):
    pass


class NoVerdict(MidnightError):
    exit_code = ExitCode.UNKNOWN


class TargetGone(NoVerdict):
    pass


class Aborted(MidnightError):
    exit_code = ExitCode.ABORTED


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
    """Also an OSError: callers that can go on without the record suppress those."""


class UndoError(MidnightError):
    exit_code = ExitCode.NOT_UNDONE


PRECEDENCE = (
    ExitCode.NOT_UNDONE,
    ExitCode.FAILED,
    ExitCode.VIOLATED,
    ExitCode.ABORTED,
    ExitCode.UNKNOWN,
    ExitCode.PASS,
)
"""Which of several exit codes wins: a violation proven before an abort stays a violation."""

_OF_OUTCOMES: Mapping[str, ExitCode] = {
    "pass": ExitCode.PASS,
    "not exercised": ExitCode.PASS,
    "warning": ExitCode.PASS,
    "advisory": ExitCode.PASS,
    "fail": ExitCode.VIOLATED,
    "unknown": ExitCode.UNKNOWN,
    "error": ExitCode.FAILED,
}
"""Outcomes of findings and verdicts, plus those of gate cases only (`advisory`, `error`)."""


def worst(codes: Iterable[int]) -> ExitCode:
    """Return the winning exit code of `codes` (0 if empty). Usage (2) never mixes with a run."""
    given = set(codes)
    return next((code for code in PRECEDENCE if code in given), ExitCode.PASS)


def of_outcome(outcome: str) -> ExitCode:
    """Return the exit code of a finding, a verdict or a gate case."""
    return _OF_OUTCOMES[outcome]


def of_verdict(outcome: str, *, left_behind: bool = False) -> ExitCode:
    """Return the exit code of a run's findings. What it `left_behind` on a target of others was not undone, whatever
    else was found."""
    return ExitCode.NOT_UNDONE if left_behind else of_outcome(outcome)


def of_undo(failed: bool) -> ExitCode:
    """Return the exit code of an undo."""
    return ExitCode.NOT_UNDONE if failed else ExitCode.PASS


def of_rejudged(verdict: int, ended: int, *, aborted: bool) -> ExitCode:
    """Return the exit code of a run judged again by other objectives: how it `ended` stays."""
    codes = [verdict, *([ExitCode.ABORTED] if aborted else [])]
    return worst([*codes, *([ended] if ended in (ExitCode.FAILED, ExitCode.NOT_UNDONE) else [])])


def of_error(error: BaseException) -> ExitCode:
    """Return the exit code of a command that ends with this error."""
    if isinstance(error, MidnightError):
        return error.exit_code
    return ExitCode.ABORTED if isinstance(error, KeyboardInterrupt) else ExitCode.FAILED


def of_run(code: int, *, judged: bool = True) -> ExitCode:
    """Map a code to one that a run may end with: never 2 (nothing was touched), 0 and 1 only if it was `judged`."""
    if code not in PRECEDENCE or (not judged and code in (ExitCode.PASS, ExitCode.VIOLATED)):
        return ExitCode.FAILED
    return ExitCode(code)
