"""Where a target's alerts are watched, and what an experiment requires of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from chaos.spec import broken, written
from chaos.spec.broken import BrokenRule
from chaos.spec.fields import HeaderName
from chaos.spec.gauges import Address
from chaos.spec.secret import Secret
from chaos.spec.units import Positive
from chaos.spec.yamlfile import Model, Name

AlertName = Annotated[str, Field(min_length=1, max_length=200)]
LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=200)]
Labels = dict[LabelName, str]


def _without_query(url: str) -> str:
    if "?" in url:
        raise ValueError("must be http://HOST[:PORT][/PATH] or https://..., without a query")
    return url


Place = Annotated[Address, AfterValidator(_without_query)]
"""Paths are added to it."""


class Prometheus(Model):
    """The Prometheus whose rules are watched: its URL, or an address of the driver such as {prometheus}."""

    url: Place
    headers: dict[HeaderName, Secret] = Field(default_factory=dict)


class Alertmanager(Model):
    """The Alertmanager behind it. `receiver`: the port of this machine to which it delivers what midnight must see."""

    url: Place
    headers: dict[HeaderName, Secret] = Field(default_factory=dict)
    receiver: Annotated[int, Field(ge=1, le=65535)] | None = None


class AlertObjective(Model):
    """`alert`: it must fire in time after a step. `none`: no alert with these labels may fire, `except` some."""

    name: Name
    alert: AlertName | None = None
    labels: Labels = Field(default_factory=dict)  # which it must have, beside others
    after: Name | None = None  # the step from whose injection it is counted; default: the first
    fires_within: Positive | None = None
    resolves_within: Positive | None = None  # of the last undo
    delivered: bool = False
    none: Labels | None = None
    but: tuple[AlertName, ...] = Field(default=(), alias="except")

    def broken_rules(self) -> Iterator[BrokenRule]:
        if (self.alert is None) == (self.none is None):
            yield BrokenRule("is exactly one of alert: NAME and none: {LABEL: VALUE}")
            return
        if self.alert is not None:
            if self.fires_within is None:
                yield BrokenRule("needs fires_within, such as 30s", "alert")
            if self.but:
                yield BrokenRule("belongs to `none`", "except")
            return
        for key in ("labels", "after", "fires_within", "resolves_within", "delivered"):
            if getattr(self, key):
                yield BrokenRule("belongs to `alert`", key)

    @property
    def shown(self) -> str:
        """One line of a plan."""
        if self.alert is None:
            wanted = ", ".join(f"{key}={value}" for key, value in (self.none or {}).items()) or "any labels"
            return f"none with {wanted} fires" + (f", except {', '.join(self.but)}" if self.but else "")
        within = written.time(self.fires_within or 0.0)
        parts = [f"{self.alert} fires within {within} of {self.after or 'the first injection'}"]
        parts += ["is delivered"] if self.delivered else []
        if self.resolves_within is not None:
            parts.append(f"is resolved within {written.time(self.resolves_within)} of the last undo")
        return ", ".join(parts)

    def misfits(self, steps: tuple[str, ...]) -> Iterator[BrokenRule]:
        """The rules that it breaks in an experiment with these steps."""
        if self.after is not None and self.after not in steps:
            yield broken.unknown(
                f"{self.after!r} is not a step of this experiment", self.after, steps, "after"
            )
