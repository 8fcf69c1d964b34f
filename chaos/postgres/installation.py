"""The programs of one PostgreSQL: their location, and a copy if a user cannot reach them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from chaos.errors import TargetError
from chaos.host.privileges import SystemUser, can_reach


@dataclass(frozen=True, slots=True)
class Installation:
    """The programs of one PostgreSQL: location, version and source."""

    bin: Path
    version: str  # as printed by `postgres --version`, e.g. "18.4"
    source: str
    libraries: Path | None = None  # outside the tree, and found by its relative path

    @property
    def major(self) -> int:
        """18 of "18.4", and of "18beta1"."""
        digits = "".join(c if c.isdigit() else " " for c in self.version).split()
        return int(digits[0])

    def program(self, name: str) -> Path:
        return self.bin / name

    def reachable_by(self, user: SystemUser | None, runtime: Path) -> Installation:
        """This installation, or a copy of its tree under `runtime` if `user` cannot execute it.

        The copy is made once, and its `source` says so. Raises TargetError if `user` cannot reach `runtime` either.
        """
        if can_reach(user, self.program("postgres")):
            return self
        trees = [self.bin.parent, *([self.libraries] if self.libraries else [])]
        top = Path(os.path.commonpath([self.bin.parent, *(tree.parent for tree in trees[1:])]))
        place = runtime / f"postgresql-{self.version}"
        if not place.is_dir():
            _copy(trees, top, place)
        copied = place / self.bin.relative_to(top)
        libraries = place / self.libraries.relative_to(top) if self.libraries else None
        source = f"{self.source}, copied to {place}"
        copy = replace(self, bin=copied, source=source, libraries=libraries)
        if user is not None and not can_reach(user, copy.program("postgres")):
            raise TargetError(f"user {user.name} can execute neither {self.bin} nor a copy under {runtime}")
        return copy


def _copy(trees: Sequence[Path], top: Path, place: Path) -> None:
    """Copy the trees from below `top` to the same paths below `place`, world-readable."""
    # Renamed into place once complete, so that an interrupted copy is never mistaken for an installation.
    unfinished = place.with_name(f".{place.name}.{os.getpid()}")
    leave_out = shutil.ignore_patterns("include")
    for tree in trees:
        shutil.copytree(tree, unfinished / tree.relative_to(top), symlinks=True, ignore=leave_out)
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    unfinished.rename(place)
