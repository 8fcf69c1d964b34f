"""The runbook actions of the reference stack and their parameters; `operations` performs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from chaos.spec.units import Positive
from chaos.spec.yamlfile import Model


class Nothing(Model):
    """An action without parameters."""


class PromoteParams(Model):
    timeout: Positive = 30.0


class RestoreParams(Model):
    timeout: Positive = 300.0


class RecoverParams(Model):
    table: str = "records"
    key: Annotated[str, Field(pattern=r"^[a-z_]+$")] = "seq"
    timeout: Positive = 300.0


PARAMS: Mapping[str, type[Model]] = {
    "fence": Nothing,
    "promote": PromoteParams,
    "repoint": Nothing,
    "repair": Nothing,
    "rejoin": Nothing,
    "restore": RestoreParams,
    "recover": RecoverParams,
}
