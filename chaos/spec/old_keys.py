"""A file whose keys had other names: an old one is refused with its new name."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from chaos.record import renamed
from chaos.spec.yamlfile import BrokenRule, Model


class KnowsOldKeys(Model):
    @model_validator(mode="before")
    @classmethod
    def _has_no_old_key(cls, data: Any) -> Any:
        """First of all: the key's new name helps more than any other rule that the file breaks."""
        for old, new in renamed.KEYS.items():
            if isinstance(data, dict) and old in data and new in cls.model_fields:
                raise BrokenRule(f"is now called {new}", old)
        return data
