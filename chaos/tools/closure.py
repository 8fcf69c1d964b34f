"""Programs of this machine and everything they load, as the file system of an image."""

from __future__ import annotations

import io
import os
import re
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from chaos.tools.command import CommandFailed, output

_LOADED = re.compile(r"(?:=> |^\s*)(/\S+) \(0x")
_SKIPPED = {
    "config-3.11-x86_64-linux-gnu",
    "__pycache__",
    "test",
    "tests",
    "idlelib",
    "tkinter",
    "turtledemo",
    "site-packages",
    "include",
}
_ROOT_LINKS = ("bin", "sbin", "lib", "lib64")


class Closure:
    """A file system under construction: files of this machine, and generated ones."""

    def __init__(self) -> None:
        self._files: dict[Path, Path] = {}  # place in the image -> on this machine
        self._written: dict[str, tuple[bytes, int]] = {}
        self._links: dict[str, str] = {}
        self._directories: dict[str, tuple[int, int]] = {"/tmp": (0o1777, 0), "/etc": (0o755, 0)}
        for name in _ROOT_LINKS:
            if (Path("/") / name).is_symlink():
                self._links[f"/{name}"] = str((Path("/") / name).readlink())

    def program(self, path: Path) -> None:
        """A program, or a library, and the libraries it loads."""
        self._file(path)
        for needed in _loaded(path):
            self._file(needed)

    def tree(self, path: Path, to: str | None = None) -> None:
        """A directory, plus whatever its libraries load; in the image at `to`, else at the same path."""
        real = path.resolve()
        for directory, names, files in os.walk(real):
            names[:] = [name for name in names if name not in _SKIPPED]
            for name in files:
                file = Path(directory) / name
                place = Path(to) / file.relative_to(real) if to else file
                self._files[place] = file
                if ".so" in name or (os.access(file, os.X_OK) and _is_elf(file)):
                    for needed in _loaded(file):
                        if real not in needed.parents or to is None:
                            self._file(needed)

    def file(self, place: str, content: bytes, mode: int = 0o644) -> None:
        self._written[place] = (content, mode)

    def link(self, place: str, to: str) -> None:
        self._links[place] = to

    def directory(self, place: str, mode: int, owner: int) -> None:
        self._directories[place] = (mode, owner)

    def tar(self) -> bytes:
        """The file system as a world-readable tar archive."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for entry, content in self._entries():
                archive.addfile(entry, content)
        return buffer.getvalue()

    def _entries(self) -> Iterator[tuple[tarfile.TarInfo, io.BytesIO | None]]:
        for place, to in self._links.items():
            yield _entry(place, tarfile.SYMTYPE, 0o777, link=to), None
        for place, (mode, owner) in self._directories.items():
            yield _entry(place, tarfile.DIRTYPE, mode, owner=owner), None
        for path, source in self._files.items():
            if source.is_symlink():
                yield _entry(str(path), tarfile.SYMTYPE, 0o777, link=str(source.readlink())), None
            elif source.is_file():
                mode = 0o755 if os.access(source, os.X_OK) else 0o644
                content = source.read_bytes()
                yield _entry(str(path), tarfile.REGTYPE, mode, size=len(content)), io.BytesIO(content)
        for place, (content, mode) in self._written.items():
            yield _entry(place, tarfile.REGTYPE, mode, size=len(content)), io.BytesIO(content)

    def _file(self, path: Path) -> None:
        """The file and every link on the way to it; its directory resolved."""
        place = path.parent.resolve() / path.name
        while place not in self._files:
            self._files[place] = place
            if not place.is_symlink():
                return
            target = place.parent / place.readlink()
            place = target.parent.resolve() / target.name


def _entry(
    place: str, kind: bytes, mode: int, *, owner: int = 0, size: int = 0, link: str = ""
) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(place.lstrip("/"))
    entry.type, entry.mode, entry.uid, entry.gid = kind, mode, owner, owner
    entry.size, entry.linkname = size, link
    return entry


def _is_elf(file: Path) -> bool:
    with file.open("rb") as content:
        return content.read(4) == b"\x7fELF"


def _loaded(path: Path) -> Iterable[Path]:
    """The libraries that a program loads; none for a static one."""
    try:
        said = output(["ldd", path])
    except CommandFailed:
        return ()
    return [Path(found) for line in said.splitlines() for found in _LOADED.findall(line)]
