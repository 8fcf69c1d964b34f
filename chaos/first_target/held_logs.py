"""The logs that a process holds open, and the stanza of logrotate that rotates them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import psutil

from chaos.first_target.draft import Item
from chaos.first_target.process import tree
from chaos.imports import writing
from chaos.survey import rotations
from chaos.survey.root import Root
from chaos.survey.rotations import Rotation

_PLACE = "/var/log/"


def describe(process: psutil.Process) -> Iterator[Item]:
    held = _held(process)
    if not held:
        yield Item(
            "The process holds no log open for writing (*.log, or below /var/log). If its logs are written by another"
            " process:",
            ("directory: /var/log/NAME", "files: [NAME.log]"),
            on=False,
        )
        return
    directories = sorted(
        {path.parent for path in held}, key=lambda each: -sum(path.parent == each for path in held)
    )
    directory = directories[0]
    files = sorted(path.name for path in held if path.parent == directory)
    yield Item(
        f"The process writes {'these files' if len(files) > 1 else 'this file'}.",
        (f"directory: {writing.value(str(directory))}", f"files: {writing.value(files)}"),
    )
    if len(directories) > 1:
        rest = ", ".join(str(path) for path in sorted(held) if path.parent != directory)
        yield Item(f"It writes these, too; a target rotates one directory: {rest}.")
    yield from _rotated([directory / file for file in files], all(held[directory / file] for file in files))


def _held(process: psutil.Process) -> dict[Path, bool]:
    """The logs, and whether each is written at its end (O_APPEND)."""
    found = dict[Path, bool]()
    for each in tree(process):
        with suppress(psutil.Error, OSError):
            for file in each.open_files():
                is_log = file.path.endswith(".log") or file.path.startswith(_PLACE)
                if is_log and file.mode != "r" and Path(file.path).is_file():
                    path = Path(file.path)
                    found[path] = found.get(path, True) and file.mode.startswith("a")
    return found


def _rotated(logs: list[Path], appended: bool) -> Iterator[Item]:
    stanzas = {each.log: each for each in rotations.read(Root(Path("/")), date.today()).logs}
    covering = [stanzas[str(log)] for log in logs if str(log) in stanzas]
    if covering:
        yield _stanza(covering[0])
        return
    yield Item(
        "No logrotate stanza covers them; the rotation is derived from what the directory shows. If you have one:",
        ("stanza: /etc/logrotate.d/NAME",),
        on=False,
    )
    if appended:
        yield Item(
            "It writes at the end of the file (O_APPEND), so the log may be truncated.",
            ("method: copytruncate",),
        )
    else:
        yield Item(
            "It does not write at the end of the file (O_APPEND): a truncated log would begin with zeros, so it is"
            " renamed. If the service reopens its log at a signal, write `signal: USR1`, or the signal it uses.",
            ("method: rename",),
        )


def _stanza(found: Rotation) -> Item:
    method = "copytruncate" if found.copytruncate else "rename"
    file = found.stanza.rpartition(":")[0]
    return Item(f"{found.stanza} rotates them: {found.every}, {method}.", (f"stanza: {writing.value(file)}",))
