"""Jobs that this user's crontab or the timers start, and that look like nightly work."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Iterator
from pathlib import Path

from chaos.first_target.draft import Item
from chaos.imports import writing
from chaos.survey import crontabs, timers
from chaos.survey.entry import Entry
from chaos.survey.machine import Machine
from chaos.survey.root import Root

_NIGHTLY = re.compile(r"nightly|batch|backup|cleanup|report", re.I)
_PROGRAM = re.compile(r"[A-Za-z0-9_./-]+")
_MOST = 5


def describe(user: str = "", root: Root | None = None) -> Iterator[Item]:
    """Never on: whether a job may run now is its owner's decision."""
    found = [each for each in _entries(Machine(root or Root(Path("/")))) if _is_nightly(each, user or _me())]
    if not found:
        yield Item(
            "No job of this user in a crontab or timer looks like nightly work (`midnight survey` lists all)."
            " Any command can be one (docs/own-service.md#jobs):",
            ("nightly: {argv: [/srv/shop/bin/nightly]}",),
            on=False,
        )
    for number, entry in enumerate(found[:_MOST], start=1):
        name = "nightly" if number == 1 else f"nightly-{number}"
        started, more = program(entry.command)
        rest = " Its arguments are not copied, because they may hold a secret." if more else ""
        yield Item(
            f"{entry.source} runs this ({entry.schedule}).{rest} Whether it may run in an experiment is its owner's"
            " decision: if so, uncomment it.",
            (f"{name}: {{argv: [{writing.value(started)}]}}",),
            on=False,
        )


def _entries(machine: Machine) -> list[Entry]:
    return [*crontabs.read(machine).entries, *timers.read(machine).entries]


def _me() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _is_nightly(entry: Entry, user: str) -> bool:
    return (
        not entry.off
        and entry.user in ("", user)
        and bool(_NIGHTLY.search(program(entry.command)[0] + entry.name))
    )


def program(command: str) -> tuple[str, bool]:
    """The program of a command line, and whether there is more of it."""
    words = command.split()
    while words and "=" in words[0]:  # skip variables: their values may be secret
        del words[0]
    if not words or not _PROGRAM.fullmatch(words[0]):
        return "PROGRAM", True
    scripts = [
        word for word in words if word.startswith("/") and _PROGRAM.fullmatch(word) and _NIGHTLY.search(word)
    ]
    return (scripts or words)[0], len(words) > 1
