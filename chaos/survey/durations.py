"""How long services took, from systemd's journal: this machine's, or one exported with `-o json` or `-o export`."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from chaos.survey.entry import Entry, Took, Unread

_STARTING = "7d4958e842da4a758f6c1cdc7b36dcc5"
_ENDED = "7ad2d189f7e94e70a38c781354912448"  # succeeded
_FAILED = {"d9b373ed55a64feb8242e02dbe79a49c", "be02cf6855d2428ba40df7e9d022f03d"}
_WITHIN = 30.0  # seconds
_LARGEST = 512_000_000  # bytes of an exported journal
_DAYS = 30

Message = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Durations:
    """Seconds of the successful runs of each service."""

    by_unit: Mapping[str, Took]
    unread: tuple[Unread, ...] = ()

    def applied(self, entries: Iterable[Entry]) -> list[Entry]:
        """The entries, with the duration of the service that they start where it is recorded."""
        return [
            replace(each, took=self.by_unit[each.unit])
            if each.took is None and each.unit in self.by_unit
            else each
            for each in entries
        ]


def from_file(path: Path) -> Durations:
    """Read an exported journal, in either format."""
    try:
        if path.stat().st_size > _LARGEST:
            return Durations({}, (Unread(str(path), "is larger than 512 MB: export fewer days"),))
        with path.open(encoding="utf-8", errors="replace") as file:
            return Durations(_measured(_messages(file), str(path)))
    except OSError as error:
        return Durations({}, (Unread(str(path), error.strerror or str(error)),))


def from_machine() -> Durations:
    """Read this machine's journal; without journalctl nothing is known."""
    program = shutil.which("journalctl")
    if program is None:
        return Durations({})
    ids = [f"MESSAGE_ID={each}" for each in (_STARTING, _ENDED, *sorted(_FAILED))]
    command = [program, "-o", "json", "--no-pager", "--quiet", "--since", f"-{_DAYS}d", *ids]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_WITHIN, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Durations({}, (Unread("journal", str(error)),))
    if done.returncode and done.stderr.strip():
        return Durations({}, (Unread("journal", done.stderr.strip().splitlines()[-1]),))
    return Durations(_measured(_messages(done.stdout.splitlines()), "journal"))


def _messages(lines: Iterable[str]) -> Iterator[Message]:
    """Messages as JSON, one a line, or as KEY=VALUE lines with an empty line between them."""
    fields = dict[str, str]()
    for line in lines:
        text = line.rstrip("\n")
        if text.startswith("{"):
            try:
                document = json.loads(text)
            except ValueError:  # cut off
                continue
            yield {key: value for key, value in document.items() if isinstance(value, str)}
        elif text:
            key, _, value = text.partition("=")
            fields[key] = value
        elif fields:
            yield fields
            fields = {}
    if fields:
        yield fields


def _measured(messages: Iterable[Message], source: str) -> dict[str, Took]:
    begun, seconds = dict[str, int](), dict[str, list[float]]()
    for message in messages:
        unit, kind = message.get("UNIT", ""), message.get("MESSAGE_ID", "")
        stamp = message.get("__REALTIME_TIMESTAMP", "")
        if not unit or not stamp.isdecimal():
            continue
        if kind == _STARTING:
            begun[unit] = int(stamp)
        elif kind == _ENDED and unit in begun:
            seconds.setdefault(unit, []).append((int(stamp) - begun.pop(unit)) / 1e6)
        elif kind in _FAILED:
            begun.pop(unit, None)
    return {unit: _took(each, source) for unit, each in seconds.items()}


def _took(seconds: Sequence[float], source: str) -> Took:
    return Took(statistics.median(seconds), max(seconds), len(seconds), source)
