"""An OpenAPI document: its version, references inside the file, and its server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from chaos.imports import logins

_MOST_REFERENCES = 50
"""References to references in a row."""


class Document:
    def __init__(self, whole: Mapping[str, Any]) -> None:
        self.whole = whole
        self._notes: dict[str, None] = {}

    @property
    def version(self) -> str:
        return (
            f"Swagger {self.whole['swagger']}"
            if "swagger" in self.whole
            else f"OpenAPI {self.whole['openapi']}"
        )

    @property
    def swagger(self) -> bool:
        return "swagger" in self.whole

    @property
    def known(self) -> bool:
        return bool(re.fullmatch(r"Swagger 2(\.0)?|OpenAPI 3\.[0-2](\.\d+)?(-\w+)?", self.version))

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(self._notes)

    def mapping(self, value: object) -> Mapping[str, Any]:
        """The mapping, or the one that it refers to; empty for anything else."""
        for _ in range(_MOST_REFERENCES):
            if not isinstance(value, dict):
                return {}
            reference = value.get("$ref")
            if not isinstance(reference, str):
                return value
            beside = {key: each for key, each in value.items() if key != "$ref"}
            found = self._at(reference)
            value = {**found, **beside} if isinstance(found, dict) and beside else found
        return {}

    def _at(self, reference: str) -> object:
        if not reference.startswith("#"):
            self._notes[f"not followed, it is in another file: {reference}"] = None
            return None
        value: object = self.whole
        for part in unquote(reference[1:]).split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(value, list):
                value = value[int(key)] if key.isdigit() and int(key) < len(value) else None
            else:
                value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            self._notes[f"a reference leads nowhere: {reference}"] = None
        return value

    @property
    def login(self) -> bool:
        """Return True if the address of the server has a user and a password."""
        return bool(logins.stripped(self._address())[1])

    def server(self) -> str | None:
        """The first server, with the defaults of its variables; a path alone if it has no host."""
        url = logins.stripped(re.split("[?#]", self._address())[0])[0].rstrip("/")
        try:
            _ = urlsplit(url).port
        except ValueError:
            return None
        return f"https:{url}" if url.startswith("//") else url or None

    def _address(self) -> str:
        if self.swagger:
            schemes = self.whole.get("schemes")
            host, path = self.whole.get("host"), str(self.whole.get("basePath") or "")
            scheme = schemes[0] if isinstance(schemes, list) and schemes else "https"
            return f"{scheme}://{host}{path}" if host else path
        servers = self.whole.get("servers")
        first = self.mapping(servers[0]) if isinstance(servers, list) and servers else {}
        variables = self.mapping(first.get("variables"))
        return re.sub(
            r"\{([^{}]*)\}",
            lambda found: str(self.mapping(variables.get(found[1])).get("default", found[1])),
            str(first.get("url") or ""),
        )
