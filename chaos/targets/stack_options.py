"""The options of the reference stack, which its two drivers share: as processes, and in containers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chaos.spec.units import Positive, Size
from chaos.spec.yamlfile import Model, Name
from chaos.targets.jobs import JobOptions
from chaos.targets.patterns import LinesOfStack


class StackOptions(Model):
    disk_write: Size = 30_000_000  # bytes per second of each disk, all reads and writes; 0: unlimited
    disk_size: Annotated[Size, Field(ge=500_000_000)] = (
        3_000_000_000  # size of each volume; the file is sparse
    )
    rotated_before: Size = 60_000_000  # yesterday's rotated log, which delaycompress compresses tonight
    documents: Annotated[int, Field(ge=1)] = 20_000
    jobs: dict[Name, JobOptions] = Field(default_factory=dict)  # in the stack's own environment
    logs: LinesOfStack = LinesOfStack()
    quiet_within: Positive = 20.0  # seconds for the machine to settle before the baseline
    monitoring: bool = False  # Prometheus, Alertmanager and two exporters beside it: `--with monitoring`
    own_metrics: str = ""  # HOST:PORT of midnight's own metrics, for Prometheus to scrape
