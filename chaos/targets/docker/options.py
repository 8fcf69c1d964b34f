"""What a target file tells this driver."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chaos.spec.units import Positive, Size
from chaos.spec.yamlfile import Model


class DockerOptions(Model):
    """`options:` of the target file; the same names as of the embedded target."""

    disk_write: Size = 30_000_000  # bytes per second that each container can write; 0: the disk as it is
    disk_size: Annotated[Size, Field(ge=500_000_000)] = 3_000_000_000  # of each volume; the file is sparse
    rotated_before: Size = 60_000_000  # yesterday's rotated log, which delaycompress compresses tonight
    documents: Annotated[int, Field(ge=1)] = 20_000
    quiet_within: Positive = 20.0  # seconds that the machine may take to become quiet before the baseline
    ready_within: Positive = 60.0  # seconds that each service may take
