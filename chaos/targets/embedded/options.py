"""The driver's sections of a target file and a profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, ValidationError

from chaos.errors import FileError
from chaos.spec import wording
from chaos.spec.units import Positive, Size
from chaos.spec.yamlfile import Model, Name
from chaos.targets.jobs import JobOptions
from chaos.targets.patterns import LinesOfStack


class EmbeddedOptions(Model):
    """`options:` of the target file."""

    disk_write: Size = 30_000_000  # bytes per second of each disk, reads and writes; 0: unlimited
    disk_size: Annotated[Size, Field(ge=500_000_000)] = (
        3_000_000_000  # size of each volume; the file is sparse
    )
    rotated_before: Size = 60_000_000  # yesterday's rotated log, which delaycompress compresses tonight
    documents: Annotated[int, Field(ge=1)] = 20_000
    jobs: dict[Name, JobOptions] = Field(default_factory=dict)  # in the stack's own environment
    logs: LinesOfStack = LinesOfStack()
    quiet_within: Positive = 20.0  # seconds for the machine to settle before the baseline
    monitoring: bool = False  # Prometheus, Alertmanager and two exporters beside it: `--with monitoring`
    own_metrics: str = ""  # HOST:PORT of midnight's own metrics, for them to scrape


class _Part(Model):
    # the stack itself refuses unknown keys in its profile; this driver reads only its own part
    model_config = ConfigDict(frozen=True, extra="ignore")


class DatabaseProfile(_Part):
    settings: dict[str, str | int | float]


class VolumesProfile(_Part):
    layout: Literal["shared", "apart"]


class RotationProfile(_Part):
    method: Literal["copytruncate", "rename"]
    delaycompress: bool
    scheduling: Literal["normal", "idle"]
    signal: str | None


class Profile(_Part):
    """The sections of a profile that this driver implements itself."""

    database: DatabaseProfile
    volumes: VolumesProfile
    rotation: RotationProfile

    @classmethod
    def of(cls, settings: Mapping[str, Any], target: str) -> Self:
        """Read a profile's settings. Raises FileError for the first rule that they break."""
        try:
            return cls.model_validate(settings)
        except ValidationError as error:
            first = wording.rules(error, cls, settings)[0]
            place = ": ".join(map(str, first.place))
            raise FileError(f"profile of {target}", None, place, first.text, first.value) from None
