"""`options:` of a served disk's target file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from chaos.spec.units import Size
from chaos.spec.yamlfile import Model


def _absolute(path: Path) -> Path:
    if not path.is_absolute() or ".." in path.parts:
        raise ValueError("must be an absolute path without `..`")
    return path


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


class DiskOptions(Model):
    place: AbsolutePath  # where it is mounted; an empty directory, or none yet
    size: Annotated[Size, Field(ge=50_000_000)]  # its image is sparse: it takes what is written
    write: Annotated[Size, Field(ge=100_000)] | None = None  # bytes per second, reads too; None: unlimited
    image: AbsolutePath | None = None  # default: beside `place`, as place.img

    @property
    def file(self) -> Path:
        return self.image or self.place.with_name(f"{self.place.name}.img")
