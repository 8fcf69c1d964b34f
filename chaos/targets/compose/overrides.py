"""An override file: its document, its comments, and how the project is brought up with it and without it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.engine.projects import DIRECTORY, Found
from chaos.targets.compose import absent
from chaos.targets.compose.stores import OURS

PROXY = f"{OURS[0]}:"
DISK = "midnight-disk-"
WITNESS = "x-midnight-witness"
MARKS = (PROXY, WITNESS)  # only an override of midnight's has them, or the key of a volume on a served disk
_KEY = re.compile(rf"""(?<![^\s"']){DISK}[A-Za-z0-9_.-]+(?=["']?:)""")


@dataclass(frozen=True, slots=True)
class Override:
    """`left`: sentences about what could not be done, which are comments, too."""

    marks: frozenset[str]  # of MARKS, and the keys of its volumes on a served disk
    document: Mapping[str, Any]
    comments: tuple[str, ...]
    left: tuple[str, ...] = ()
    first: tuple[str, ...] = ()  # what to do before the project is brought up


def merged(overrides: Sequence[Override]) -> Override:
    """One override that does what several do, each to its own keys."""
    document: dict[str, dict[str, Any]] = {}
    for each in overrides:
        for section, entries in each.document.items():
            mine = document.setdefault(section, {})
            for name, entry in entries.items():
                mine[name] = {**mine.get(name, {}), **entry}
    return Override(
        frozenset().union(*(each.marks for each in overrides)),
        document,
        tuple(line for each in overrides for line in each.comments),
        tuple(line for each in overrides for line in each.left),
        tuple(line for each in overrides for line in each.first),
    )


def up(project: str, there: Sequence[Found], marks: frozenset[str]) -> list[str]:
    """The commands that bring the project up with an override of these marks, in place of an earlier one."""
    files = [path for path in absent.files_of(there) if not (has := _marks_of(path)) or has - marks]
    return _lines(project, there, [*files, None], "")


def back(project: str, there: Sequence[Found], marks: frozenset[str]) -> list[str]:
    """The commands that bring it up without any such override, and what else they would take away."""
    has = {path: _marks_of(path) for path in absent.files_of(there)}
    files = [path for path in has if not has[path] & marks]
    more = [
        f"That leaves out {mark.rstrip(':')} of {path} as well: print an override for it first, and add it"
        for path in has
        if has[path] & marks
        for mark in sorted(has[path] - marks)
    ]
    return [*_lines(project, there, files, " --remove-orphans"), *more]


def _lines(project: str, there: Sequence[Found], files: Sequence[Path | None], more: str) -> list[str]:
    """`None`: the new override."""
    known = files if any(files) else [Path("YOUR-FILE"), *files]
    given = " ".join(f"-f {shlex.quote(str(path)) if path else 'THIS-FILE'}" for path in known)
    place = next((each.labels[DIRECTORY] for each in there if each.labels.get(DIRECTORY)), "")
    lines = [f"docker compose {given} -p {project} up -d{more}"]
    return [f"cd {shlex.quote(place)}", *lines] if place else lines


def _marks_of(path: Path) -> frozenset[str]:
    """What an override of midnight's does; nothing if the file is another one."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return frozenset()
    # not its comments: they name other files, which may be called like a key
    said = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return frozenset(mark for mark in MARKS if mark in said) | frozenset(_KEY.findall(said))
