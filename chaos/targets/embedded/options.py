"""The driver's sections of a target file and a profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import ConfigDict, ValidationError

from chaos.errors import FileError
from chaos.spec import wording
from chaos.spec.yamlfile import Model
from chaos.targets.stack_options import StackOptions


class EmbeddedOptions(StackOptions):
    """`options:` of the target file."""


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
