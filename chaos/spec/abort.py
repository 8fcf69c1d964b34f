"""Abort conditions: what stops a run early. Everything is undone then, and the run ends with 4.

A condition fires when it is proven, not when it is feared: an SLO when it can no longer be met, whatever the
hits still to come bring, and a check when it fails in the same sense.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag

from chaos.spec.slo import Slo, SloName
from chaos.spec.yamlfile import Model, Name


class SloLost(Model):
    """`{slo: NAME}`: the experiment's SLO of that name can no longer be met."""

    slo: SloName

    @property
    def shown(self) -> str:
        return self.slo


class CheckFailed(Model):
    """`{check: NAME}`: the check has failed, recovery say because an outage outlasts its limit."""

    check: Name

    @property
    def shown(self) -> str:
        return self.check


class SwitchedOff(Model):
    """`{name: NAME, off: true}`: a condition that holds by default does not hold in this experiment."""

    name: Name
    off: Literal[True]


def _kind(value: Any) -> str:
    keys = value if isinstance(value, dict) else type(value).model_fields if isinstance(value, Model) else ()
    return next((key for key in ("slo", "check", "off") if key in keys), "objective")


Condition = SloLost | CheckFailed | Slo
"""A condition in effect; an SLO written here is one that only aborts, and judges nothing."""

Abort = Annotated[
    Annotated[SloLost, Tag("slo")]
    | Annotated[CheckFailed, Tag("check")]
    | Annotated[SwitchedOff, Tag("off")]
    | Annotated[Slo, Tag("objective")],
    Discriminator(_kind),
]
"""One item of an experiment's `abort:`."""

TARGET_DOWN = Slo(name="target-down", availability=0.5, window=10.0, min_hits=5)
"""Holds by default for a target that we did not start: most hits of ten seconds were bad."""

DEFAULTS = (TARGET_DOWN,)


def name_of(condition: Condition) -> str:
    return condition.name if isinstance(condition, Slo) else condition.shown


def in_effect(given: tuple[Any, ...], *, started_by_us: bool) -> tuple[Condition, ...]:
    """The conditions of a run: those given, and those that hold by default and are not switched off."""
    off = {each.name for each in given if isinstance(each, SwitchedOff)}
    held = () if started_by_us else tuple(each for each in DEFAULTS if each.name not in off)
    return (*held, *(each for each in given if not isinstance(each, SwitchedOff)))
