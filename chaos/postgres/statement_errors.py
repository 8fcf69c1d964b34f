"""Parse refused statements from a server's log: each error with its SQLSTATE and the whole statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# By the `log_line_prefix` of midnight's clusters: "%m [%p] %q%u@%d %e ".
_LINE = re.compile(
    r"^\d{4}-\d\d-\d\d \S+ \S+ \[(?P<pid>\d+)\] (?:(?P<user>.*?)@(?P<database>.*?) (?P<state>[0-9A-Z]{5}) )?"
    r"(?P<kind>[A-Z]+\d?):  (?P<text>.*)$"
)
_ERRORS = ("ERROR", "FATAL", "PANIC")


@dataclass(slots=True)
class Refusal:
    """One error of one session; `state` is its SQLSTATE, `statement` is empty if there was none."""

    database: str
    state: str
    message: str
    detail: str = ""
    statement: str = ""

    def __str__(self) -> str:
        """The message and, on one line, the start of the statement."""
        beginning = " ".join(self.statement.split())[:80]
        detail = f" ({self.detail.splitlines()[0]})" if self.detail else ""
        return f"{self.message}{detail}" + (f", in: {beginning}" if beginning else "")


def refusals(log: str) -> list[Refusal]:
    """In log order; processes without a session are skipped."""
    found: list[Refusal] = []
    open_ones: dict[str, Refusal] = {}
    for pid, database, state, kind, text in _entries(log):
        if kind in _ERRORS:
            open_ones.pop(pid, None)
            if database is not None:
                open_ones[pid] = Refusal(database, state, text)
                found.append(open_ones[pid])
        elif pid in open_ones and kind == "STATEMENT":
            open_ones.pop(pid).statement = text
        elif pid in open_ones and kind == "DETAIL":
            open_ones[pid].detail = text
    return found


def _entries(log: str) -> Iterator[tuple[str, str | None, str, str, str]]:
    """Each entry with its continuation lines, which begin with a tab."""
    entry: list[str] = []
    for line in [*log.splitlines(), ""]:
        if line.startswith("\t"):
            entry.append(line[1:])
            continue
        if entry and (match := _LINE.match(entry[0])):
            text = "\n".join([match["text"], *entry[1:]])
            yield match["pid"], match["database"], match["state"] or "", match["kind"], text
        entry = [line]
