"""One schedule: what to run, when, and how to react to the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field

from chaos.schedule import rules
from chaos.schedule.blackout import Blackout
from chaos.spec.near import nearest
from chaos.spec.units import NotNegative, Seconds
from chaos.spec.yamlfile import Model, Name


def _rule(text: str) -> str:
    rules.triggers(text)
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (OSError, ValueError, KeyError):  # the name of a directory, a path, an unknown zone
        known = {name.lower(): name for name in available_timezones()}
        meant = known.get(nearest(text.lower(), known, 0.8) or "")
        instead = f"did you mean {meant}?" if meant else "write it like Europe/Berlin or UTC"
        raise ValueError(f"unknown time zone; {instead}") from None
    return text


class Misfire(Model):
    """A run that could not start on time still starts within `late_within`; else it is missed."""

    late_within: Annotated[Seconds, Field(ge=1, le=7 * 86400)] = 1800.0


class OnFail(Model):
    """Destinations notified of a fail, an unknown, a missed run and a recovery; whether a fail pauses the schedule."""

    notify: tuple[Name, ...] = ()
    pause: bool = False


class Schedule(Model):
    foreign: ClassVar[Mapping[str, str]] = {
        "set": "unknown key; `set` changes a scenario of a suite: name a suite as `experiment`"
    }

    name: Name
    experiment: Annotated[str, Field(min_length=1)]  # a name or a path to its file
    target: Annotated[str, Field(min_length=1)] = "embedded"
    profile: Name | None = None
    seed: Annotated[int, Field(ge=0)] = 1
    when: Annotated[str, AfterValidator(_rule)]
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    jitter: Annotated[NotNegative, Field(le=6 * 3600)] = 0.0
    blackout: tuple[Blackout, ...] = ()
    misfire: Misfire = Misfire()
    on_fail: OnFail = OnFail()
    when_busy: Literal["wait", "refuse"] = "wait"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)
