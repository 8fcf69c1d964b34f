"""The driver's section of a target file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chaos.spec.units import Positive, Size
from chaos.spec.yamlfile import Model, Name
from chaos.targets.jobs import JobOptions
from chaos.targets.patterns import LinesOfStack


class DockerOptions(Model):
    """`options:` of the target file; the same names as for the embedded target."""

    disk_write: Size = (
        30_000_000  # bytes per second of each disk, reads and writes, for all containers; 0: unlimited
    )
    disk_size: Annotated[Size, Field(ge=500_000_000)] = (
        3_000_000_000  # size of each volume; the file is sparse
    )
    rotated_before: Size = 60_000_000  # yesterday's rotated log, which delaycompress compresses tonight
    documents: Annotated[int, Field(ge=1)] = 20_000
    jobs: dict[Name, JobOptions] = Field(default_factory=dict)  # in the stack's own environment
    logs: LinesOfStack = LinesOfStack()
    quiet_within: Positive = 20.0  # seconds for the machine to settle before the baseline
    ready_within: Positive = 60.0  # seconds per service
    monitoring: bool = False  # the Compose file's profile of that name: `--with monitoring`
    own_metrics: str = ""  # HOST:PORT of midnight's own metrics, for it to scrape
