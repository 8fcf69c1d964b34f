"""The file system that is surveyed: this machine's, or a copy below a directory.

Paths are resolved as chroot would: an absolute link of a copied /etc leads into the copy, never out of it.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

LARGEST = 4_000_000  # bytes of a file that is read whole
_MOST_LINKS = 40


class CannotRead(Exception):
    """The message is the reason; `missing` if nothing is there."""

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        super().__init__(reason)
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Root:
    """`base` as the root directory; with `etc`, base is a copy of /etc alone."""

    base: Path
    etc: bool = False

    @classmethod
    def of(cls, directory: Path) -> Root:
        """Take a directory with `etc` in it as a root directory, any other as a copied /etc."""
        base = directory.resolve()
        return cls(base, etc=not (base / "etc").is_dir())

    @property
    def live(self) -> bool:
        """True for the running machine itself."""
        return self.base == Path("/") and not self.etc

    def real(self, name: str) -> Path:
        """The path on this machine, all links followed. Raises CannotRead."""
        left, done, links = list(_parts(name)), list[str](), 0
        while left:
            part = left.pop(0)
            if part == "..":
                del done[-1:]
                continue
            here = self._below([*done, part])
            try:
                link = str(here.readlink())
            except OSError:  # no link
                done.append(part)
                continue
            links += 1
            if links > _MOST_LINKS:
                raise CannotRead("too many symbolic links")
            if link.startswith("/"):
                done = []
            left = [*_parts(link), *left]
        return self._below(done)

    def _below(self, parts: list[str]) -> Path:
        if not self.etc:
            return self.base.joinpath(*parts)
        if parts and parts[0] != "etc":
            raise CannotRead("not part of the copied /etc", missing=True)
        return self.base.joinpath(*parts[1:])

    def stat(self, name: str) -> os.stat_result:
        """Raises CannotRead."""
        try:
            return os.lstat(self.real(name))
        except (OSError, ValueError) as error:
            raise _because(error) from None

    def exists(self, name: str) -> bool:
        try:
            self.stat(name)
        except CannotRead:
            return False
        return True

    def is_directory(self, name: str) -> bool:
        return self.exists(name) and stat.S_ISDIR(self.stat(name).st_mode)

    def is_executable(self, name: str) -> bool:
        return self.exists(name) and bool(self.stat(name).st_mode & 0o111)

    def content(self, name: str) -> bytes:
        """The bytes of a regular file. Raises CannotRead."""
        try:
            # not blocking: the name may be a FIFO
            descriptor = os.open(self.real(name), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            raise _because(error) from None
        try:
            return _content(descriptor)
        except OSError as error:
            raise _because(error) from None
        finally:
            os.close(descriptor)

    def text(self, name: str) -> str:
        """The text of a file. Raises CannotRead."""
        content = self.content(name)
        if b"\0" in content:
            raise CannotRead("is not a text file")
        return content.decode(errors="replace")

    def names(self, directory: str) -> list[str]:
        """The sorted names in a directory. Raises CannotRead."""
        try:
            return sorted(path.name for path in self.real(directory).iterdir())
        except (OSError, ValueError) as error:
            raise _because(error) from None

    def glob(self, pattern: str, denied: dict[str, str] | None = None) -> Iterator[str]:
        """The names that a shell pattern matches; a leading dot needs an explicit dot. A directory that may not be
        read matches nothing, and is put into `denied` with the reason."""
        yield from self._glob("", list(_parts(pattern)), {} if denied is None else denied)

    def _glob(self, before: str, left: list[str], denied: dict[str, str]) -> Iterator[str]:
        if not left:
            yield before
            return
        part, rest = left[0], left[1:]
        if not any(each in part for each in "*?["):
            if self.exists(f"{before}/{part}"):
                yield from self._glob(f"{before}/{part}", rest, denied)
            return
        try:
            names = self.names(before or "/")
        except CannotRead as error:
            if not error.missing:
                denied[before] = str(error)
            return
        for name in names:
            if fnmatch.fnmatchcase(name, part) and (not name.startswith(".") or part.startswith(".")):
                yield from self._glob(f"{before}/{name}", rest, denied)


def _content(descriptor: int) -> bytes:
    """Raises CannotRead, OSError."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise CannotRead("is not a regular file")
    if found.st_size > LARGEST:
        raise CannotRead(f"is larger than {LARGEST // 1_000_000} MB")
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(LARGEST + 1)


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in PurePosixPath(name).parts if part not in ("/", "//", "."))


def _because(error: OSError | ValueError) -> CannotRead:
    if isinstance(error, ValueError):  # a null byte in a name
        return CannotRead(str(error))
    missing = isinstance(error, FileNotFoundError | NotADirectoryError)
    return CannotRead(str(error.strerror or error), missing=missing)
