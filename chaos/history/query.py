"""Queries of the run history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

import sqlalchemy as sa

from chaos.errors import UsageError
from chaos.history.decision import COUNTING
from chaos.history.schema import runs
from chaos.spec.units import seconds

Verdict = Literal["pass", "fail", "unknown", "none"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True, slots=True)
class Query:
    """Select runs that match all given fields. `limit` 0: no limit."""

    run: str | None = None  # its id, or a prefix of it
    experiment: str | None = None
    target: str | None = None
    profile: str | None = None
    verdict: Verdict | None = None
    git: str | None = None  # prefix of the revision
    drill: bool | None = None
    counts: bool = False  # only runs that count as a baseline
    since: str | None = None  # UTC as in the index, inclusive
    until: str | None = None  # exclusive
    limit: int = 0
    skip: int = 0  # with a limit: leave out so many of the newest

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        equal = {
            runs.c.experiment: self.experiment,
            runs.c.target: self.target,
            runs.c.profile: self.profile,
            runs.c.drill: self.drill,
        }
        found = [column == value for column, value in equal.items() if value is not None]
        if self.verdict is not None:
            found.append(
                runs.c.verdict == self.verdict if self.verdict != "none" else runs.c.verdict.is_(None)
            )
        beginnings = {runs.c.run: self.run, runs.c.git: self.git}
        found += [
            column.startswith(value, autoescape=True)
            for column, value in beginnings.items()
            if value is not None
        ]
        if self.counts:
            found.append(runs.c.decision.in_(COUNTING))
        if self.since is not None:
            found.append(runs.c.started >= self.since)
        if self.until is not None:
            found.append(runs.c.started < self.until)
        return found

    def select(self) -> sa.Select[tuple[object, ...]]:
        """Sort newest first."""
        chosen = sa.select(runs).where(*self.conditions()).order_by(runs.c.started.desc(), runs.c.run.desc())
        return chosen.limit(self.limit).offset(self.skip) if self.limit else chosen


_DAYS_AGO = {"today": 0, "yesterday": 1}


def instant(text: str, now: datetime, *, end_of_day: bool = False) -> str:
    """Parse `2026-11-01`, `2026-11-01T02:00`, `yesterday`, `today` or an age like `7d` into the index's format.

    Without a zone it is UTC; a date means its start, or its end with `end_of_day`. Raises UsageError.
    """
    if text in _DAYS_AGO:
        text = f"{now.astimezone(UTC) - timedelta(days=_DAYS_AGO[text]):%Y-%m-%d}"
    try:
        if text[-1:].isalpha() and text[-1:] != "Z":
            found = now - timedelta(seconds=seconds(text))
        else:
            found = datetime.fromisoformat(text)
            if end_of_day and _is_date(text):
                found += timedelta(days=1)
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        return found.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r}: must be a date such as 2026-11-01, yesterday, or an age such as 7d"
        ) from None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
