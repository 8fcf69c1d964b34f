"""logrotate: the logs that its next run will touch, with their sizes and their archives'."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from chaos.host import log_archives, logrotate_conf
from chaos.host.logrotate_conf import ConfError, Part
from chaos.survey import commands
from chaos.survey.entry import Unread
from chaos.survey.root import CannotRead, Root

CONF = "/etc/logrotate.conf"
STATES = ("/var/lib/logrotate/status", "/var/lib/logrotate/logrotate.status", "/var/lib/logrotate.status")
_PERIODS = {"hourly": 0, "daily": 1, "weekly": 7, "monthly": 28, "yearly": 365}
_STATE = re.compile(r'"(.+)" (\d{4})-(\d{1,2})-(\d{1,2})')
_FACTORS = {"": 1, "k": 1024, "M": 1024**2, "G": 1024**3}
_DEEPEST = 16


@dataclass(frozen=True, slots=True)
class Rotation:
    """One log and its stanza. `due`: on the night's date; None: unknown."""

    log: str
    stanza: str  # FILE:LINE
    every: str  # daily, or `at 100M`
    size: int  # bytes
    archives: int
    archived: int  # bytes
    compress: bool
    copytruncate: bool
    due: bool | None
    because: str
    disks: frozenset[int] = frozenset()


@dataclass(slots=True)
class Rotations:
    logs: list[Rotation] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)  # stanzas that match no file now

    @property
    def due(self) -> list[Rotation]:
        return [each for each in self.logs if each.due]


@dataclass(slots=True)
class _Settings:
    """What the global options and one stanza come to."""

    words: dict[str, str] = field(default_factory=dict)

    def take(self, text: str) -> None:
        for line in text.splitlines():
            for word, value in _options(line):
                if word in _PERIODS:
                    self.words |= {"every": word, "weekday": value or "0"}
                    self.words.pop("size", None)
                elif word == "size":
                    self.words["size"] = value
                else:
                    name = word.removeprefix("not").removeprefix("no")
                    self.words[name] = value or "yes" if name == word else ""


def _options(line: str) -> Iterator[tuple[str, str]]:
    """The options of a line: several without a value, or one with."""
    words = line.partition("#")[0].replace("=", " ").replace("{", " ").replace("}", " ").split()
    if len(words) == 2 and words[1][:1].isdigit():
        yield words[0], words[1]
    else:
        yield from ((word, "") for word in words)


def read(root: Root, night: date) -> Rotations:
    """Read logrotate's configuration and what it finds. `night`: the date on which it runs."""
    found, states = Rotations(), _states(root)
    if root.exists(CONF):
        _file(root, CONF, _Settings(), found, states, night, 0)
    else:
        for name in _directory(root, "/etc/logrotate.d", found):
            _file(root, name, _Settings(), found, states, night, 1)
    found.logs.sort(key=lambda each: (-each.size, each.log))
    return found


def _file(
    root: Root,
    path: str,
    settings: _Settings,
    found: Rotations,
    states: dict[str, date],
    night: date,
    depth: int,
) -> None:
    try:
        parts = list(logrotate_conf.parts(path, root.text(path)))
    except CannotRead as error:
        found.unread.append(Unread(path, str(error)))
        return
    except ConfError as error:
        place, _, reason = str(error).partition(": ")
        found.unread.append(Unread(place, reason))
        return
    for part in parts:
        words = part.text.split()
        if part.patterns:
            _stanza(root, part, settings, found, states, night)
        elif words[0] == "include" and len(words) > 1 and depth < _DEEPEST:
            name = words[-1] if words[-1].startswith("/") else f"{path.rpartition('/')[0]}/{words[-1]}"
            below = _directory(root, name, found) if root.is_directory(name) else [name]
            for each in below:
                _file(root, each, settings, found, states, night, depth + 1)
        else:
            settings.take(part.text)


def _directory(root: Root, directory: str, found: Rotations) -> list[str]:
    try:
        names = root.names(directory)
    except CannotRead as error:
        if not error.missing:
            found.unread.append(Unread(directory, str(error)))
        return []
    return [f"{directory}/{name}" for name in names if not logrotate_conf.is_left_out(name)]


def _stanza(
    root: Root, part: Part, settings: _Settings, found: Rotations, states: dict[str, date], night: date
) -> None:
    text = part.text[part.text.index("{") + 1 :]
    for script in part.scripts:
        text = text.replace(script.body, "") if script.body else text
    own = _Settings(dict(settings.words))
    own.take(re.sub(r"^\s*endscript.*$", "", text, flags=re.MULTILINE))
    place = f"{part.file}:{part.line}"
    denied = dict[str, str]()
    logs = [
        name
        for pattern in part.patterns
        for name in root.glob(pattern, denied)
        if not root.is_directory(name)
    ]
    found.unread += [Unread(directory, reason) for directory, reason in denied.items()]
    if not logs and not denied:
        found.empty.append(place)
    for log in logs:
        try:
            found.logs.append(_rotation(root, log, place, own.words, states, night))
        except OSError as error:
            found.unread.append(Unread(log, error.strerror or str(error)))
        except (CannotRead, ValueError) as error:
            found.unread.append(Unread(log, str(error)))


def _rotation(
    root: Root, log: str, place: str, words: dict[str, str], states: dict[str, date], night: date
) -> Rotation:
    held = root.stat(log)
    if not stat.S_ISREG(held.st_mode):
        raise CannotRead("is not a regular file: logrotate skips it")
    kept = log_archives.kept_of(Path(root.real(log)), ()).archives
    due, because = _due(held.st_size, words, states.get(log), night)
    return Rotation(
        log=log,
        stanza=place,
        every=f"at {words['size']}" if "size" in words else words.get("every", "weekly"),
        size=held.st_size,
        archives=len(kept),
        archived=sum(each.path.lstat().st_size for each in kept),
        compress=bool(words.get("compress")),
        copytruncate=bool(words.get("copytruncate")),
        due=due,
        because=because,
        disks=commands.disks([log], root),
    )


def _due(size: int, words: dict[str, str], last: date | None, night: date) -> tuple[bool | None, str]:
    if "size" in words:
        limit = _size(words["size"])
        return size >= limit, f"{'at least' if size >= limit else 'below'} {words['size']}"
    if size == 0 and "ifempty" in words and not words["ifempty"]:
        return False, "empty"
    if (least := words.get("minsize")) and size < _size(least):
        return False, f"below minsize {least}"
    if (most := words.get("maxsize")) and size > _size(most):
        return True, f"above maxsize {most}"
    every = words.get("every", "weekly")
    if last is None:
        return None, f"{every}; its last rotation is not recorded"
    return _period_is_over(every, words.get("weekday", "0"), last, night), f"{every}; last rotated {last}"


def _period_is_over(every: str, weekday: str, last: date, night: date) -> bool:
    if every == "weekly":  # on its weekday (0: Sunday), or after seven days
        days = (night - last).days
        return days >= 7 or (days >= 1 and str(night.isoweekday() % 7) == weekday)
    if every == "monthly":
        return (night.year, night.month) != (last.year, last.month)
    if every == "yearly":
        return night.year != last.year
    return night != last or every == "hourly"


def _size(text: str) -> int:
    """logrotate's sizes: bytes, or k, M, G of 1024."""
    matched = re.fullmatch(r"(\d+)([kMG]?)", text)
    if matched is None:
        raise ValueError(f"bad size {text!r}")
    return int(matched[1]) * _FACTORS[matched[2]]


def _states(root: Root) -> dict[str, date]:
    for path in STATES:
        try:
            text = root.text(path)
        except CannotRead:
            continue
        return {
            found[1]: date(int(found[2]), int(found[3]), int(found[4]))
            for line in text.splitlines()
            if (found := _STATE.match(line))
        }
    return {}
