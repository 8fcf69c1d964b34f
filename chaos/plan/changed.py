"""An experiment with settings (`--set`, a suite's `set`): a mistake that one of them causes is reported at the
setting, not in the experiment's file, which is as sound as before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from chaos.errors import FileError, UsageError, together
from chaos.spec.overrides import Setting

T = TypeVar("T")


def planned(path: Path, settings: Sequence[Setting], plan: Callable[[Sequence[Setting]], T]) -> T:
    """What `plan` makes of the experiment in the file with the settings. Raises FileError."""
    try:
        return plan(settings)
    except FileError as error:
        if not settings:
            raise
        raise _told(path, settings, plan, error) from None


def _told(
    path: Path, settings: Sequence[Setting], plan: Callable[[Sequence[Setting]], object], error: FileError
) -> FileError:
    """The error, with each mistake told of the first setting with which it shows."""
    own = _mistakes(plan, ())
    causes: dict[str, Setting] = {}
    for number, setting in enumerate(settings, 1):
        for mistake in _mistakes(plan, settings[:number]) - own:
            causes.setdefault(mistake, setting)
    last = settings[-1]
    return together(
        [
            each if each.path != path or str(each) in own else causes.get(str(each), last).told(each)
            for each in error.each
        ]
    )


def _mistakes(plan: Callable[[Sequence[Setting]], object], settings: Sequence[Setting]) -> set[str]:
    """The mistakes with these settings; none if something else is wrong."""
    try:
        plan(settings)
    except FileError as error:
        return set(map(str, error.each))
    except UsageError:
        pass
    return set()
