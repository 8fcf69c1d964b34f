"""Where the parts of a disk lie: its image, and beside it a directory for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    image: Path

    @property
    def directory(self) -> Path:
        return self.image.with_name(f"{self.image.name}.served")

    @property
    def raw(self) -> Path:
        """The disk as one file; a mount point of nbdfuse."""
        return self.directory / "raw"

    @property
    def loop(self) -> Path:
        """Names the loop device that the disk is mounted through."""
        return self.directory / "loop"

    @property
    def socket(self) -> Path:
        return self.directory / "socket"

    @property
    def account(self) -> Path:
        return account_in(self.directory)

    @property
    def knobs(self) -> Path:
        return knobs_in(self.directory)


def account_in(directory: Path) -> Path:
    """The account of the disk that has this directory."""
    return directory / "account"


def knobs_in(directory: Path) -> Path:
    """The knobs of the disk that has this directory."""
    return directory / "knobs"
