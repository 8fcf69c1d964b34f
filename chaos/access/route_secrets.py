"""Secrets of requests: read before anything is touched, filled in when the load is prepared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from chaos.access.secrets import SecretReader
from chaos.errors import UsageError
from chaos.spec import templates
from chaos.spec.request import Request
from chaos.spec.routes import Route
from chaos.spec.secret import Secret
from chaos.spec.target import Target

_TAG = "secret"
R = TypeVar("R", bound=Request)


def filled_in(routes: Mapping[str, Route], secret: SecretReader) -> dict[str, Route]:
    """Return the routes with their secrets filled in. Raises UsageError with the place of a missing one."""
    return {name: filled(route, f"routes: {name}", secret) for name, route in routes.items()}


def read_all(target: Target, secret: SecretReader) -> None:
    """Read each secret of the target's requests. Raises UsageError with the place of a missing one."""
    filled_in(target.routes, secret)
    headers(target.headers, "headers", secret)
    for index, call in enumerate(target.session):
        filled(call, f"session[{index}]", secret)


def filled(request: R, where: str, secret: SecretReader) -> R:
    """Return the request with its secrets filled in, as text in which no names are filled in."""
    update = {
        "headers": headers(request.headers, f"{where}: headers", secret),
        "cookies": headers(request.cookies, f"{where}: cookies", secret),
        "document": _value(request.document, f"{where}: json", secret),
        "form": _value(request.form, f"{where}: form", secret),
        "query": _value(request.query, f"{where}: query", secret),
    }
    return request.model_copy(update=update)


def headers(given: Mapping[str, str | Secret], where: str, secret: SecretReader) -> dict[str, str]:
    """Header values or cookies as templates."""
    return {name: _header(value, f"{where}: {name}", secret) for name, value in given.items()}


def _header(given: str | Secret, where: str, secret: SecretReader) -> str:
    if isinstance(given, str):
        return given
    return templates.escaped(secret.header(given, where))


def _value(node: Any, where: str, secret: SecretReader) -> Any:
    if isinstance(node, Mapping):
        if set(node) == {_TAG} and isinstance(node[_TAG], Mapping):
            return _read(node[_TAG], where, secret)
        return {key: _value(value, f"{where}: {key}", secret) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_value(value, f"{where}: {index}", secret) for index, value in enumerate(node)]
    return node


def _read(reference: Mapping[str, Any], where: str, secret: SecretReader) -> str:
    try:
        found = Secret.model_validate(dict(reference))
    except ValidationError as error:
        rule = error.errors()[0].get("ctx", {}).get("error", "must be {env: NAME} or {file: PATH}")
        raise UsageError(f"{where}: secret: {rule}") from None
    return templates.escaped(secret.whole(found, where))
