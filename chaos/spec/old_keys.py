"""A file with renamed keys: old names are refused with the new ones."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from chaos.record import renamed
from chaos.spec.yamlfile import BrokenRule, Model


class KnowsOldKeys(Model):
    @model_validator(mode="before")
    @classmethod
    def _has_no_old_key(cls, data: Any) -> Any:
        """Check this first: the new name helps more than any other broken rule of the file."""
        for old, new in renamed.KEYS.items():
            if isinstance(data, dict) and old in data and new in cls.model_fields:
                raise BrokenRule(f"is now called {new}", old)
        return data
