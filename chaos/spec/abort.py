"""Abort conditions: stop a run early. Everything is undone, and the run exits 4.

A condition fires only when proven: an SLO once it can no longer be met, whatever the remaining hits bring; a
check once it fails in the same sense.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag

from chaos.spec.paging import AlertName
from chaos.spec.slo import Slo, SloName
from chaos.spec.yamlfile import Model, Name


class SloLost(Model):
    """`{slo: NAME}`: the experiment's SLO NAME can no longer be met."""

    slo: SloName

    @property
    def shown(self) -> str:
        return self.slo


class CheckFailed(Model):
    """`{check: NAME}`: the check has failed, e.g. recovery because an outage outlasts its limit."""

    check: Name

    @property
    def shown(self) -> str:
        return self.check


class AlertFires(Model):
    """`{alert: NAME}`: the alert fires in the target's Prometheus, though no objective expects it."""

    alert: AlertName

    @property
    def shown(self) -> str:
        return self.alert


class SwitchedOff(Model):
    """`{name: NAME, off: true}`: switch off a default condition in this experiment."""

    name: Name
    off: Literal[True]


def _kind(value: Any) -> str:
    """A tag is no key, or an error about another key would be placed at it."""
    keys = value if isinstance(value, dict) else type(value).model_fields if isinstance(value, Model) else ()
    return next((f"by {key}" for key in ("slo", "check", "alert", "off") if key in keys), "objective")


Condition = SloLost | CheckFailed | AlertFires | Slo
"""A condition in effect; an SLO defined here only aborts and is not judged."""

Abort = Annotated[
    Annotated[SloLost, Tag("by slo")]
    | Annotated[CheckFailed, Tag("by check")]
    | Annotated[AlertFires, Tag("by alert")]
    | Annotated[SwitchedOff, Tag("by off")]
    | Annotated[Slo, Tag("objective")],
    Discriminator(_kind),
]
"""One item of an experiment's `abort:`."""

TARGET_DOWN = Slo(name="target-down", availability=0.5, window=10.0, min_hits=5)
"""Default for a target that midnight did not start: most hits in ten seconds were bad."""

DEFAULTS = (TARGET_DOWN,)


def name_of(condition: Condition) -> str:
    return condition.name if isinstance(condition, Slo) else condition.shown


def in_effect(given: tuple[Any, ...], *, started_by_us: bool) -> tuple[Condition, ...]:
    """Return the conditions of a run: given ones, and default ones not switched off."""
    off = {each.name for each in given if isinstance(each, SwitchedOff)}
    held = () if started_by_us else tuple(each for each in DEFAULTS if each.name not in off)
    return (*held, *(each for each in given if not isinstance(each, SwitchedOff)))
