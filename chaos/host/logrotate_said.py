"""Parse logrotate's `--verbose` or `--debug` output: for each log, whether it is rotated, to where, or why not.

Standard library only: it also runs in a sidecar. The messages are those of logrotate 3.14 to 3.22.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_NO_REASON = ("Now: ", "Last rotated at ", "log needs rotating")
_RENAMED = re.compile(r"renaming (.+) to (.+?)(?: \(rotatecount (\d+), logstart (\d+), i (-?\d+)\), ?)?$")
_GIVEN_UP = re.compile(r"failed to compress log (/.+?)(?:: [^/]*)?")  # before 3.22 without a reason
_ORIGIN = re.compile(r"/proc/self/fd/\d+:(\d+)")
EMPTY = "log is empty"


@dataclass(slots=True)
class Log:
    """One log that logrotate considered."""

    path: str
    count: int = -1  # number of archives kept; -1: all
    reason: str = ""  # why it is skipped, in logrotate's words
    renamed_to: str = ""
    copied_to: str = ""
    truncated: bool = False
    compressed_first: bool = False  # the previous archive (`delaycompress`)
    moves: list[tuple[str, str]] = field(default_factory=list)  # of its archives, in order
    removed: list[str] = field(default_factory=list)

    @property
    def rotated(self) -> bool:
        return bool(self.renamed_to or self.copied_to or self.truncated)


@dataclass(slots=True)
class Said:
    handled: int  # stanzas
    logs: dict[str, Log]  # by path, in order
    errors: list[str]
    ran_scripts: bool
    mailed_to: list[str] = field(default_factory=list)

    @property
    def given_up(self) -> list[str]:
        """The archives that logrotate gave up compressing; it has removed the partial output."""
        return [found.group(1) for each in self.errors if (found := _GIVEN_UP.fullmatch(each))]


def parse(text: str, origins: Sequence[str] = ()) -> Said:
    """Parse the output; `origins` are `FILE:LINE` of each line of its configuration."""
    said, current = Said(0, {}, [], False), Log("")
    for raw in text.splitlines():
        line = _ORIGIN.sub(lambda found: _origin(int(found.group(1)), origins), raw.strip())
        if line.startswith("error: "):
            _error(said, current, line.removeprefix("error: "))
        elif line.startswith("Handling "):
            said.handled = int(line.split()[1])
        elif line.startswith("rotating pattern: "):
            current = Log("")
        elif line.startswith("considering log "):
            path = line.removeprefix("considering log ")
            current = said.logs.setdefault(path, Log(path))
        elif line.startswith("rotating log "):
            path, _, count = line.removeprefix("rotating log ").rpartition(", log->rotateCount is ")
            current = said.logs.setdefault(path, Log(path))
            current.count = int(count)
        elif found := re.search(r"old logs mailed to (\S+), ", line):
            said.mailed_to.append(found.group(1))
        elif line.startswith("running ") and "script" in line:
            said.ran_scripts = True
        elif raw.startswith("  ") and current.path and not current.rotated:
            _reason(current, line)
        else:
            _act(said, current, line)
    return said


def _origin(line: int, origins: Sequence[str]) -> str:
    return origins[line - 1] if 0 < line <= len(origins) else f"line {line}"


def _error(said: Said, current: Log, error: str) -> None:
    said.errors.append(error)
    named = next((log for log in said.logs.values() if _names(error, log.path)), current)
    if named.path and not named.reason:
        named.reason = error


def _names(error: str, path: str) -> bool:
    return re.search(rf"(?<![\w./-]){re.escape(path)}(?![\w./-])", error) is not None


def _reason(log: Log, line: str) -> None:
    if line and not line.startswith(_NO_REASON) and not log.reason:
        found = re.fullmatch(r"log does not need rotating \((.*)\)", line)
        log.reason = found.group(1) if found else line


def _act(said: Said, current: Log, line: str) -> None:
    if (
        own := next((log for log in said.logs.values() if line.startswith(f"renaming {log.path} to ")), None)
    ) is not None:
        own.renamed_to = line.removeprefix(f"renaming {own.path} to ")
    elif line.startswith("compressing log with: ") and not current.rotated:
        current.compressed_first = True
    elif found := _RENAMED.fullmatch(line):
        old, new, *numbers = found.groups()
        if numbers[0] is not None and current.path:
            current.moves.append((old, new))
            count, first, at = (int(number or 0) for number in numbers)
            if (
                current.count >= 0 and at == count + first - 1
            ):  # the last one: removed once it has its new name
                current.removed.append(old)
    elif line.startswith("copying "):
        for log in said.logs.values():
            if found := re.fullmatch(rf"copying {re.escape(log.path)}(?:\.tmp)? to (.+)", line):
                log.copied_to = found.group(1)
    elif line.startswith("truncating ") and (path := line.removeprefix("truncating ")) in said.logs:
        said.logs[path].truncated = True
    elif line.startswith(("removing old log ", "removing /")) and current.path:
        current.removed.append(line.removeprefix("removing old log ").removeprefix("removing "))
