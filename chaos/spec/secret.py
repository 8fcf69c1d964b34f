"""References to secrets in the environment or in files, never in the file that uses them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from chaos.errors import FileError, UsageError
from chaos.record.redact import SHORTEST
from chaos.spec.broken import SecretValue
from chaos.spec.userfile import read_text
from chaos.spec.yamlfile import Model

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PREFIX = re.compile(r"([A-Za-z][A-Za-z-]{0,15}[ =:])?")
_RULE = "must be a reference, {env: NAME} or {file: PATH}, not the secret itself"


class Secret(Model):
    """A reference to a secret. It contains only the reference, so it may be shown and stored."""

    env: str | None = None
    file: Path | None = None
    prefix: str = Field(default="", max_length=17)  # such as `Bearer `: not secret, put before the secret

    @model_validator(mode="before")
    @classmethod
    def _is_a_reference(cls, given: Any) -> Any:
        """Anything but a reference may be the secret itself: no message shows it."""
        if not isinstance(given, dict) or not given.keys() <= {"env", "file", "prefix"}:
            raise SecretValue(_RULE)
        if ("env" in given) == ("file" in given):
            raise SecretValue("must be either {env: NAME} or {file: PATH}")
        if "env" in given and not _VARIABLE.fullmatch(str(given["env"])):
            raise SecretValue("env must be the name of an environment variable")
        if not _PREFIX.fullmatch(str(given.get("prefix", ""))):
            raise SecretValue("prefix must be a short word that ends with a space, such as 'Bearer '")
        return given

    def read(self, where: str) -> str:
        """Read the secret, without the prefix. Raises UsageError with `where` and what is missing."""
        text = self._text(where).strip()
        if not text:
            raise UsageError(f"{where}: {self} is empty")
        if len(text) < SHORTEST:
            rule = f"has fewer than {SHORTEST} characters: too short to be masked"
            raise UsageError(f"{where}: {self} {rule}")
        if not text.isprintable():
            raise UsageError(f"{where}: {self} must be one line of printable characters")
        return text

    def __str__(self) -> str:
        return f"environment variable {self.env}" if self.env is not None else f"file {self.file}"

    def _text(self, where: str) -> str:
        if self.env is not None:
            if self.env not in os.environ:
                raise UsageError(f"{where}: {self} is not set")
            return os.environ[self.env]
        assert self.file is not None
        try:
            return read_text(self.file)
        except FileError as error:
            raise UsageError(f"{where}: {self} {error.rule}") from None
