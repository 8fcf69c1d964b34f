"""Secrets come from the environment or a file, and are read when a run begins: never when a file is checked."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from chaos import dsn, redact
from chaos.dsn import Parts, Uncertain
from chaos.errors import FileError, UsageError
from chaos.redact import SHORTEST
from chaos.userfile import read_text
from chaos.yamlfile import Model, SecretValue

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PREFIX = re.compile(r"([A-Za-z][A-Za-z-]{0,15}[ =:])?")
_RULE = "comes from the environment or a file, as {env: NAME} or {file: PATH}: it must not stand here"


class Secret(Model):
    """Where a secret is found. It holds a reference only, so it may be shown and stored."""

    env: str | None = None
    file: Path | None = None
    prefix: str = Field(default="", max_length=17)  # such as `Bearer `: no secret, and put in front of it

    @model_validator(mode="before")
    @classmethod
    def _is_a_reference(cls, given: Any) -> Any:
        """What is no reference may be the secret itself: no message shows it."""
        if not isinstance(given, dict) or not given.keys() <= {"env", "file", "prefix"}:
            raise SecretValue(_RULE)
        if ("env" in given) == ("file" in given):
            raise SecretValue("comes from either {env: NAME} or {file: PATH}")
        if "env" in given and not _VARIABLE.fullmatch(str(given["env"])):
            raise SecretValue("env must be the name of an environment variable")
        if not _PREFIX.fullmatch(str(given.get("prefix", ""))):
            raise SecretValue("prefix must be a short word that ends with a space, such as 'Bearer '")
        return given

    def read(self, where: str) -> str:
        """The secret itself, without the prefix. Raises UsageError naming `where` and what is missing."""
        text = self._text(where).strip()
        if not text:
            raise UsageError(f"{where}: {self} is empty")
        if len(text) < SHORTEST:
            rule = f"has fewer than {SHORTEST} characters: it could not be kept out of what is written"
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


class SecretReader:
    """Reads secrets, and knows afterwards what must never be written."""

    def __init__(self) -> None:
        self._known: dict[str, None] = {}

    def __call__(self, secret: Secret, where: str) -> str:
        """The secret without its prefix. Raises UsageError.

        Of a connection string, such as a job gets one, host and database are no secrets where that is certain.
        """
        text = secret.read(where)
        try:
            self.learn(*(dsn.parse(text).secret if dsn.is_url(text) else (text,)))
        except Uncertain:
            self.learn(text)
        return text

    def connection(self, secret: Secret, where: str) -> Parts:
        """A secret that is a PostgreSQL connection string, taken apart. Raises UsageError.

        User and password are secret then, host, port and database are not; of what is not certain everything is.
        """
        return self.take_apart(secret.read(where), where)

    def take_apart(self, text: str, where: str) -> Parts:
        """The same for a string that was found elsewhere."""
        try:
            parts = dsn.parse(text)
        except Uncertain as error:
            self.learn(text)
            raise UsageError(f"{where}: {error}") from None
        user = parts.options.get("user", "")
        self.learn(*parts.secret, *([f"{user}:{parts.password}"] if parts.password else []))
        return parts

    def learn(self, *texts: str) -> None:
        """Each is a secret, a part of one, or another way to say it: for this run, and for all that is printed."""
        self._known |= dict.fromkeys(texts)
        redact.known.learn(texts)

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(self._known)
