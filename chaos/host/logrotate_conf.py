"""Parse logrotate's configuration: global options, stanzas and their scripts, in logrotate's own order.

Standard library only: it also runs in a sidecar. The reader follows logrotate's parser (config.c): comments, quotes,
scripts up to `endscript`, nested `include` of files and directories with their taboo extensions.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
import shlex
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SCRIPTS = frozenset({"prerotate", "postrotate", "firstaction", "lastaction", "preremove"})
_FLAGS = frozenset(
    # options without a value: another option may follow on the same line
    re.findall(
        r"\S+",
        "compress nocompress delaycompress nodelaycompress shred noshred allowhardlink noallowhardlink sharedscripts "
        "nosharedscripts copytruncate nocopytruncate renamecopy norenamecopy copy nocopy ifempty notifempty dateext "
        "nodateext dateyesterday nodateyesterday datehourago nodatehourago noolddir mailfirst maillast nocreate "
        "nocreateolddir hourly daily monthly yearly nomail missingok nomissingok ignoreduplicates",
    )
)
_TABOO = re.findall(
    r"\S+",
    ",v .bak .cfsaved .disabled .dpkg-bak .dpkg-del .dpkg-dist .dpkg-new .dpkg-old .dpkg-tmp .new .old .orig .pacnew "
    ".pacorig .pacsave .rhn-cfg-tmp-* .rpmnew .rpmorig .rpmsave .swp .ucf-dist .ucf-new .ucf-old ~",
)
_NESTED, _LARGEST = 16, 0xFFFFFF  # logrotate's own limits
_WORD = re.compile(r"[ \t]*([A-Za-z]*)")


class ConfError(ValueError):
    """A configuration that logrotate would reject, too; the message names the file and the reason."""


@dataclass(frozen=True, slots=True)
class Script:
    keyword: str
    body: str
    line: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file: one stanza, or global options (then `patterns` is empty)."""

    file: str
    line: int  # of its first line
    text: str
    patterns: tuple[str, ...] = ()
    scripts: tuple[Script, ...] = ()

    def paths(self) -> list[Path]:
        """The files that its patterns match now, links included."""
        return [path for pattern in self.patterns for path in matching(str(Path(pattern).expanduser()))]


def matching(pattern: str) -> list[Path]:
    """The files that a shell pattern matches, in order; hidden ones only with an explicit dot, and no directories."""
    found = map(Path, sorted(glob.glob(pattern)))  # noqa: PTH207  # pathlib's `*` matches hidden files
    return [path for path in found if path.is_symlink() or not path.is_dir()]


def read(path: Path, *, strict: bool = True) -> tuple[list[Part], list[str]]:
    """The parts of a file or directory, includes followed, and the files they were read from.

    Raises ConfError; if not `strict`, a broken file is skipped, as logrotate does with an included one.
    """
    reader = _Reader(strict)
    reader.read(path)
    return reader.parts, reader.files


def parts(file: str, text: str) -> Iterator[Part]:
    """The stanzas and global options of one file's text, includes not followed. Raises ConfError."""
    lines, at = text.splitlines(), 0
    while at < len(lines):
        at, part = _next(file, lines, at)
        if part.patterns or part.text.strip():
            yield part


def is_left_out(name: str) -> bool:
    """True if an include of a directory leaves the file out, by logrotate's default."""
    return any(_matches(name, f"*{each}") for each in _TABOO)


def joined(parts: Sequence[Part]) -> tuple[str, list[str]]:
    """One configuration of these parts, and `FILE:LINE` of each of its lines."""
    lines, origins = list[str](), list[str]()
    for part in parts:
        own = part.text.splitlines()
        lines += own
        origins += [f"{part.file}:{part.line + n}" for n in range(len(own))]
    return "\n".join([*lines, ""]), origins


@dataclass(slots=True)
class _Reader:
    strict: bool
    parts: list[Part] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    taboo: list[str] = field(default_factory=lambda: [f"*{each}" for each in _TABOO])

    def read(self, path: Path, depth: int = 0) -> None:
        if depth > _NESTED:
            raise ConfError(f"{path}: include nesting too deep")
        if not path.is_dir():
            self._file(path, depth)
            return
        try:
            names = sorted(entry.name for entry in path.iterdir())
        except OSError as error:
            raise ConfError(f"{path}: {error.strerror}") from error
        for name in names:
            if not any(_matches(name, pattern) for pattern in self.taboo):
                self._file(path / name, depth)

    def _file(self, path: Path, depth: int) -> None:
        before = len(self.parts)
        try:
            self._parts_of(path, depth)
        except ConfError:
            if self.strict:
                raise
            del self.parts[before:]

    def _parts_of(self, path: Path, depth: int) -> None:
        text = _text_of(path)
        if text is None:
            return
        for part in parts(str(path), text):
            if part.patterns:
                self.parts.append(part)
            else:
                self._global(path, part, depth)
        self.files.append(str(path.resolve()))

    def _global(self, path: Path, part: Part, depth: int) -> None:
        text = part.text.strip()
        word = _first_word(text)
        value = text[len(word) :].strip().lstrip("=").strip()
        if word == "include":
            self.read(path.parent / Path(value).expanduser(), depth + 1)
        elif word in ("tabooext", "taboopat"):
            kept = self.taboo if value.startswith("+") else []
            names = value.lstrip("+").replace(",", " ").split()
            self.taboo = [*kept, *(("*" if word == "tabooext" else "") + name for name in names)]
        else:
            self.parts.append(part)


def _matches(name: str, pattern: str) -> bool:
    """As fnmatch(3) with FNM_PERIOD: a leading dot is matched only by a dot."""
    return fnmatch.fnmatchcase(name, pattern) and (not name.startswith(".") or pattern.startswith("."))


def _text_of(path: Path) -> str | None:
    """None for files that logrotate silently skips. Raises ConfError, in logrotate's own words, for what it rejects."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or not found.st_size:
            return None
        text = path.read_bytes()
    except OSError as error:
        raise ConfError(f"{path}: {error.strerror}") from error
    if os.getuid() == 0 and found.st_mode & 0o022:
        raise ConfError(f"logrotate ignores {path}: it is writable by group or others")
    if os.getuid() == 0 and found.st_uid != 0:
        raise ConfError(f"logrotate ignores {path}: its owner is not root")
    if found.st_size > _LARGEST:
        raise ConfError(f"{path}: too large, probably not a config file")
    return text.decode(errors="surrogateescape")


def _next(file: str, lines: Sequence[str], at: int) -> tuple[int, Part]:
    """The line after the part that begins at line `at`, and that part. Raises ConfError."""
    first = lines[at].lstrip()
    if first[:1] not in ("/", '"', "'", "~") or not first:
        return at + 1, Part(file, at + 1, "" if first.startswith("#") else lines[at])
    header, opened = list[str](), at
    while "{" not in lines[opened] or lines[opened].lstrip().startswith("#"):
        header += [] if lines[opened].lstrip().startswith("#") else [lines[opened]]
        opened += 1
        if opened == len(lines):
            raise ConfError(f"{file}:{at + 1}: {{ expected after log file name(s)")
    header.append(lines[opened].partition("{")[0])
    try:
        patterns = tuple(shlex.split(" ".join(header)))
    except ValueError as error:
        raise ConfError(f"{file}:{at + 1}: error parsing filename: {error}") from error
    end, scripts = _body(file, lines, opened)
    return end, Part(file, at + 1, "\n".join(lines[at:end]), patterns, tuple(scripts))


def _body(file: str, lines: Sequence[str], opened: int) -> tuple[int, list[Script]]:
    """The line after a stanza's closing brace, and its scripts; `opened` is the line with its opening one."""
    scripts, at = list[Script](), opened
    text = lines[opened].partition("{")[2]
    while True:
        word, rest = _last_of(text)
        if word == "}":
            return at + 1, scripts
        if word in SCRIPTS:
            end = next((n for n in range(at + 1, len(lines)) if _first_word(lines[n]) == "endscript"), None)
            if end is None:
                raise ConfError(f"{file}:{at + 1}: {word} without endscript")
            scripts.append(Script(word, "\n".join([rest, *lines[at + 1 : end]]).strip("\n"), at + 1))
            at = end
        at += 1
        if at >= len(lines):
            raise ConfError(f"{file}:{opened + 1}: no }} ends the stanza")
        text = lines[at]


def _last_of(text: str) -> tuple[str, str]:
    """The first word of a line that is not a flag, `}` included, and the rest."""
    while True:
        text = text.lstrip()
        if text.startswith("}"):
            return "}", text[1:]
        word = _first_word(text)
        text = text[len(word) :]
        if word not in _FLAGS:
            return word, text


def _first_word(line: str) -> str:
    found = _WORD.match(line)
    return found.group(1) if found else ""
