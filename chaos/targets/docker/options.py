"""The driver's section of a target file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chaos.spec.units import Positive, Size
from chaos.spec.yamlfile import Model


class DockerOptions(Model):
    """`options:` of the target file; the same names as for the embedded target."""

    disk_write: Size = 30_000_000  # bytes per second that each container may write; 0: unlimited
    disk_size: Annotated[Size, Field(ge=500_000_000)] = (
        3_000_000_000  # size of each volume; the file is sparse
    )
    rotated_before: Size = 60_000_000  # yesterday's rotated log, which delaycompress compresses tonight
    documents: Annotated[int, Field(ge=1)] = 20_000
    quiet_within: Positive = 20.0  # seconds for the machine to settle before the baseline
    ready_within: Positive = 60.0  # seconds per service
