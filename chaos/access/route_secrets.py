"""Secrets of routes: read before anything is touched, filled in when the load is prepared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from chaos.access.secrets import SecretReader
from chaos.errors import UsageError
from chaos.spec.routes import Route
from chaos.spec.secret import Secret

_TAG = "secret"


def filled_in(routes: Mapping[str, Route], secret: SecretReader) -> dict[str, Route]:
    """Return the routes with their secrets filled in. Raises UsageError with the place of a missing one."""
    return {name: _filled(route, f"routes: {name}", secret) for name, route in routes.items()}


def _filled(route: Route, where: str, secret: SecretReader) -> Route:
    headers = {
        name: given.prefix + secret(given, f"{where}: headers: {name}")
        if isinstance(given, Secret)
        else given
        for name, given in route.headers.items()
    }
    body, form = (_value(getattr(route, key), f"{where}: {key}", secret) for key in ("body", "form"))
    return route.model_copy(update={"headers": headers, "body": body, "form": form})


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
    return found.prefix + secret(found, where)
