"""Secrets of a recording: never written, replaced by references to environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chaos.imports import templates
from chaos.imports.imported import literal
from chaos.imports.tokens import is_secret_itself
from chaos.spec.secret_values import is_secret

_NAME = re.compile(
    r"pass(word|wd|phrase|code)?$|pwd|secret|token|csrf|xsrf|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|authori[sz]ation|credential|session[_-]?id|^sid$|sessid|jwt|bearer|signature|^sig$|^otp$|^pin$|^cvv"
    r"|^code$|^state$|^nonce$|assertion|cookie|card[_-]?number|^key$",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z-]{0,15}) (?=\S)")
_PAIR = re.compile(r"[\"']?([\w.-]{2,40})[\"']?\s*[=:]\s*[\"']?([^\s\"'&;,}]+)")


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
        if templates.part(value).text == templates.UUID and not _NAME.search(name):
            return templates.UUID  # such as an idempotency key: another one for each request
        if not (looks_secret(name, value) or name.lower().startswith("x-auth")):
            return literal(value)
        scheme = _SCHEME.match(value) if "authorization" in name.lower() else None
        prefix = {"prefix": f"{scheme[1]} "} if scheme else {}
        secret = value[scheme.end() :] if scheme else value
        return {**self.reference(name, secret, f"header {name}"), **prefix}

    def text(self, name: str, value: str, where: str) -> Any:
        """The value of a parameter, or a reference."""
        return self._secret(name, value, where) if looks_secret(name, value) else literal(value)

    def document(self, value: Any, where: str, name: str = "") -> Any:
        """A JSON value, with references in place of its secrets."""
        if isinstance(value, Mapping):
            return {
                literal(str(key)): self.document(each, where, str(key))
                for key, each in value.items()
                if not is_secret_itself(str(key))
            }
        if isinstance(value, list):
            return [self.document(each, where, name) for each in value]
        if isinstance(value, str) and value and looks_secret(name, value):
            return self._secret(name, value, where)
        if isinstance(value, int | float) and not isinstance(value, bool) and is_secret(name, value):
            return self._secret(name, value, where)
        return literal(value) if isinstance(value, str) else value

    def _secret(self, name: str, value: object, where: str) -> Any:
        return {"secret": self.reference(name, value, f"{where}: {name}" if name else where)}


def looks_secret(name: str, value: str) -> bool:
    """Return True if a value must not be written, by its name or by itself."""
    return bool(_NAME.search(name) or is_secret(name, value) or is_secret_itself(value))


def free_text_looks_secret(text: str) -> bool:
    """Return True if some part of a text of no known form must not be written."""
    if looks_secret("", text):
        return True
    return any(looks_secret(name, value) for name, value in _PAIR.findall(text)) or any(
        is_secret_itself(word) for word in re.split(r"[\s\"'<>,;&=]+", text)
    )
