"""Secrets of a recording: never written, replaced by references to environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chaos.imports import templates
from chaos.imports.imported import literal
from chaos.imports.secret_texts import inner_name, looks_secret, value_looks_secret

_SCHEME = re.compile(r"([A-Za-z][A-Za-z-]{0,15}) (?=\S)")
PARTLY = "the whole text: a part of it is a secret"


class Withheld:
    """Names an environment variable for each secret of one recording."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}
        self.used: dict[str, str] = {}  # environment variable -> where

    def reference(self, name: str, value: object, where: str) -> dict[str, str]:
        """`{env: NAME}` for a secret; the same value of the same name has the same variable."""
        key = (name.lower(), str(value))
        if key not in self._names:
            base = re.sub(r"[^A-Z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()).strip("_")
            base = f"TARGET_{base}"[:50] if base else "TARGET_SECRET"
            taken = set(self._names.values())
            numbered = (base if n == 1 else f"{base}_{n}" for n in range(1, len(taken) + 2))
            self._names[key] = next(each for each in numbered if each not in taken)
        variable = self._names[key]
        self.used.setdefault(variable, where)
        return {"env": variable}

    def named(self, variable: str, where: str) -> dict[str, str]:
        """`{env: NAME}` for a variable that the recording itself names."""
        self.used.setdefault(variable, where)
        return {"env": variable}

    def header(self, name: str, value: str) -> Any:
        """A header's value, or a reference with its scheme in front."""
        if templates.part(value).text == templates.UUID and not looks_secret(name, ""):
            return templates.UUID  # such as an idempotency key: another one for each request
        if not (value_looks_secret(name, value) or name.lower().startswith("x-auth")):
            return literal(value)
        scheme = _SCHEME.match(value) if "authorization" in name.lower() else None
        prefix = {"prefix": f"{scheme[1]} "} if scheme else {}
        secret = value[scheme.end() :] if scheme else value
        return {**self.reference(name, secret, f"header {name}"), **prefix}

    def text(self, name: str, value: str, where: str) -> Any:
        """The value of a parameter, or a reference."""
        return self._secret(name, value, where) if value_looks_secret(name, value) else literal(value)

    def document(self, value: Any, where: str, name: str = "") -> Any:
        """A JSON value, with references in place of its secrets."""
        if isinstance(value, Mapping):
            return {
                literal(str(key)): self.document(each, where, inner_name(value, str(key), name))
                for key, each in value.items()
                if not value_looks_secret("", str(key))
            }
        if isinstance(value, list):
            return [self.document(each, where, name) for each in value]
        if value != "" and value_looks_secret(name, value):
            return self._secret(name, value, where)
        return literal(value) if isinstance(value, str) else value

    def _secret(self, name: str, value: object, where: str) -> Any:
        shown = f"{where}: {name}" if name else where
        partly = "" if looks_secret(name, str(value)) else f", {PARTLY}"
        return {"secret": self.reference(name, value, f"{shown}{partly}")}
