"""Ways to read a ledger back that several tests use."""

from __future__ import annotations

from typing import Any

from chaos.spec.ledger import LedgerWrite
from tests.load.planting import ways

BY_KEY = ways(key="{uuid}", payload="$.note.text", read={"get": "/items/{key}", "rate": 10_000})


def listed(**more: Any) -> LedgerWrite:
    return ways(key="{uuid}", read={"keys": "$.items[*].id", "rate": 10_000, **more})
