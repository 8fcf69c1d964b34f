"""systemd's unit files on disk: where they are found, their drop-ins, and which are enabled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from chaos.survey.root import CannotRead, Root

DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_WANTS = re.compile(r".+\.(?:wants|requires)")
_UNITS = {"us": 1e-6, "usec": 1e-6, "ms": 1e-3, "msec": 1e-3, "w": 604800.0, "y": 31557600.0, "M": 2629800.0}
for _names, _factor in (
    ("s sec second seconds", 1.0),
    ("m min minute minutes", 60.0),
    ("h hr hour hours", 3600.0),
):
    _UNITS |= dict.fromkeys(_names.split(), _factor)
_UNITS |= dict.fromkeys(("d", "day", "days"), 86400.0) | dict.fromkeys(("week", "weeks"), 604800.0)
_UNITS |= dict.fromkeys(("month", "months"), 2629800.0) | dict.fromkeys(("year", "years"), 31557600.0)


@dataclass(slots=True)
class Unit:
    """A unit with its drop-ins: each setting's values in order, and the place of the last one."""

    name: str
    path: str
    values: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    places: dict[tuple[str, str], str] = field(default_factory=dict)
    unread: list[tuple[str, str]] = field(default_factory=list)

    def all(self, section: str, key: str) -> list[str]:
        return self.values.get((section, key), [])

    def last(self, section: str, key: str, default: str = "") -> str:
        return (self.all(section, key) or [default])[-1]

    def take(self, path: str, text: str) -> None:
        """Add a file's settings; an empty value resets those before it."""
        section = ""
        for number, line in _lines(text):
            if line.startswith("[") and line.endswith("]"):
                section = line[1:-1]
            elif "=" in line:
                key, _, value = line.partition("=")
                name = (section, key.strip())
                self.values[name] = [*self.values.get(name, []), value.strip()] if value.strip() else []
                self.places[name] = f"{path}:{number}"


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines without comments, continued ones joined."""
    joined, first = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped[:1] in ("#", ";"):
            continue
        first = first or number
        joined += stripped.removesuffix("\\")
        if stripped.endswith("\\"):
            joined += " "
            continue
        if joined:
            yield first, joined
        joined, first = "", 0
    if joined:
        yield first, joined


def load(root: Root, name: str) -> Unit | None:
    """A unit with its drop-ins; None if it is not there. A masked unit has no settings and the path /dev/null."""
    template = _template(name)
    path = next((found for each in (name, template) if each and (found := _found(root, each))), None)
    if path is None:
        return None
    unit = Unit(name, path)
    if _is_masked(root, path):
        return Unit(name, "/dev/null")
    for file in (path, *_drop_ins(root, name, template)):
        try:
            text = root.text(file)
        except CannotRead as error:
            unit.unread.append((file, str(error)))
            continue
        unit.take(file, text)
    return unit


def _template(name: str) -> str:
    return re.sub(r"@[^.]*(?:\.[^.]+)*(?=\.\w+$)", "@", name) if "@" in name else ""


def _found(root: Root, name: str) -> str | None:
    for directory in DIRECTORIES:
        path = f"{directory}/{name}"
        if root.exists(path) or _is_masked(root, path):
            return path
    return None


def _is_masked(root: Root, path: str) -> bool:
    """True for a link to /dev/null, also in a copy that has no /dev, and for an empty file."""
    try:
        real = root.real(path)
    except CannotRead:
        return _links_to_null(root, path)
    return real == root.base / "dev/null" or (real.is_file() and real.stat().st_size == 0)


def _links_to_null(root: Root, path: str) -> bool:
    directory, _, name = path.rpartition("/")
    try:
        return str((root.real(directory) / name).readlink()) == "/dev/null"
    except (CannotRead, OSError):
        return False


def _drop_ins(root: Root, name: str, template: str) -> list[str]:
    """The drop-ins by their file names: of two with the same name, the one in the first directory counts."""
    kind = name.rpartition(".")[2]
    found = dict[str, str]()
    for unit in (name, template, kind):
        for directory in DIRECTORIES if unit else ():
            below = f"{directory}/{unit}.d"
            try:
                names = root.names(below)
            except CannotRead:
                continue
            for each in names:
                if each.endswith(".conf"):
                    found.setdefault(each, f"{below}/{each}")
    return [found[each] for each in sorted(found)]


def timers(root: Root) -> list[str]:
    """The names of all timers, with the instances that are enabled; templates themselves are left out."""
    found = set[str]()
    for directory in DIRECTORIES:
        try:
            names = root.names(directory)
        except CannotRead:
            continue
        found |= {name for name in names if name.endswith(".timer")}
    found |= enabled(root)
    return sorted(name for name in found if not name.endswith("@.timer"))


def enabled(root: Root) -> set[str]:
    """The timers that a target wants: those that are enabled."""
    found = set[str]()
    for directory in DIRECTORIES:
        try:
            wants = [name for name in root.names(directory) if _WANTS.fullmatch(name)]
        except CannotRead:
            continue
        for each in wants:
            try:
                found |= {name for name in root.names(f"{directory}/{each}") if name.endswith(".timer")}
            except CannotRead:
                continue
    return found


def seconds(text: str) -> float:
    """A time span such as `1h 30min` or `90`. Raises ValueError."""
    rest, total = text.strip(), 0.0
    if not rest:
        raise ValueError("an empty time span")
    while rest:
        matched = re.match(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", rest)
        if matched is None or (matched[2] and matched[2] not in _UNITS):
            raise ValueError(f"not a time span: {text!r}")
        total += float(matched[1]) * _UNITS.get(matched[2], 1.0)
        rest = rest[matched.end() :]
    return total
