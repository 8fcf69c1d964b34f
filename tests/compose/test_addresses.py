"""Ports of a project that `gauges` may name: offered by their names, and refused under the name of the load's own."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from chaos.spec.target import Target
from chaos.targets.compose import ComposeDriver
from chaos.targets.compose.options import ComposeOptions


def options(**addresses: Any) -> dict[str, Any]:
    return {"project": "shop", "api": {"service": "api", "port": 8000}, "addresses": addresses}


def test_each_address_is_offered_by_its_name() -> None:
    given = options(metrics={"service": "api", "port": 9100}, broker={"service": "mq", "port": 15692})
    target = Target(name="shop", driver="compose", options=given)
    offered = {each for each in ComposeDriver.offers(target) if each.startswith("addresses.")}
    assert offered == {"addresses.metrics", "addresses.broker"}


def test_where_the_load_enters_needs_no_address() -> None:
    with pytest.raises(ValidationError, match="base_url is where the load enters"):
        ComposeOptions.model_validate(options(base_url={"service": "api", "port": 8000}))
