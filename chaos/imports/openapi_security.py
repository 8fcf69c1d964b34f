"""How an operation is authorised: references to secrets, in headers, the query or cookies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chaos.imports import logins
from chaos.imports.openapi_document import Document
from chaos.imports.withheld import Withheld

_LOGIN = "a token of {}: set it, or let `session:` log in and take it"


@dataclass(frozen=True, slots=True)
class Authorised:
    headers: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    cookies: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Security:
    def __init__(self, document: Document, withheld: Withheld) -> None:
        self._document, self._withheld = document, withheld
        holder = document.whole if document.swagger else document.mapping(document.whole.get("components"))
        self._schemes = document.mapping(
            holder.get("securityDefinitions" if document.swagger else "securitySchemes")
        )
        self.notes: list[str] = []

    def of(self, operation: Mapping[str, Any]) -> Authorised:
        """The first of the alternatives; nothing if the operation needs none."""
        listed = operation.get("security", self._document.whole.get("security"))
        first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
        found = [self._scheme(str(name)) for name in first]
        if self._document.login and not any("Authorization" in each.headers for each in found):
            found.append(self._header("Basic ", "authorization", logins.NOTE))
        return Authorised(
            {key: value for each in found for key, value in each.headers.items()},
            {key: value for each in found for key, value in each.query.items()},
            {key: value for each in found for key, value in each.cookies.items()},
            tuple(note for each in found for note in each.notes),
        )

    def _scheme(self, name: str) -> Authorised:
        scheme = self._document.mapping(self._schemes.get(name))
        kind, form = str(scheme.get("type")), str(scheme.get("scheme", "")).lower()
        if kind == "apiKey":
            return self._key(scheme, name)
        if kind == "basic" or form == "basic":
            return self._header("Basic ", name, logins.NOTE)
        if kind in ("http", "oauth2", "openIdConnect") and form in ("", "bearer"):
            return self._header("Bearer ", name, _LOGIN.format(name))
        note = f"security scheme {name!r} ({kind} {form}) is not read: write its header by hand"
        if note not in self.notes:
            self.notes.append(note)
        return Authorised()

    def _header(self, prefix: str, name: str, note: str) -> Authorised:
        reference = self._withheld.reference(name, "", f"header Authorization, {note}")
        return Authorised(headers={"Authorization": {**reference, "prefix": prefix}})

    def _key(self, scheme: Mapping[str, Any], name: str) -> Authorised:
        place, key = str(scheme.get("in")), str(scheme.get("name") or name)
        reference = self._withheld.reference(name, "", f"{place} {key}")
        if place == "query":
            return Authorised(query={key: {"secret": reference}})
        return (
            Authorised(cookies={key: reference})
            if place == "cookie"
            else Authorised(headers={key: reference})
        )
