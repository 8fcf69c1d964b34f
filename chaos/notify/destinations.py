"""Destinations of notifications: an address that `apprise` understands, or a plain webhook."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from chaos.notify.message import Event
from chaos.spec.broken import SecretValue
from chaos.spec.near import nearest
from chaos.spec.secret import Secret
from chaos.spec.yamlfile import Model

Events = Annotated[frozenset[Event], Field(min_length=1)]
TOLD = frozenset({Event.FAIL, Event.UNKNOWN, Event.RECOVERED, Event.MISSED})


def _web_address(text: str) -> str:
    if "@" in text:
        raise SecretValue("must not carry a user or a password: give the whole address as {env: NAME}")
    try:
        url = urlsplit(text)
        sound = url.scheme in ("http", "https") and bool(url.hostname) and (url.port or 80) > 0
    except ValueError:  # of a port or an IPv6 address
        sound = False
    if not sound or not text.isprintable():
        raise ValueError("must be an address such as https://ci.example.org/hook")
    return text


class Webhook(Model):
    """`{webhook: URL, headers: {authorization: {env: NAME}}}`: the JSON body is sent by POST."""

    webhook: Annotated[str, AfterValidator(_web_address)] | Secret
    headers: dict[str, Secret] = Field(default_factory=dict)
    events: Events = TOLD


class Apprise(Model):
    """`{apprise: {env: NAME}}`: the address contains its secret, so it is never written in the file."""

    apprise: Secret
    events: Events = TOLD


def _kind(value: Any) -> str:
    keys = value if isinstance(value, dict) else type(value).model_fields if isinstance(value, Model) else ()
    return "by apprise" if "apprise" in keys else "by webhook"


def _either(value: Any) -> Any:
    """Also with a misspelt key, which is then refused with the right one."""
    if isinstance(value, dict) and not any(nearest(str(key), ("apprise", "webhook")) for key in value):
        raise ValueError("must be {apprise: {env: NAME}} or {webhook: URL}")
    return value


Destination = Annotated[
    Annotated[Webhook, Tag("by webhook")] | Annotated[Apprise, Tag("by apprise")],
    Discriminator(_kind),
    BeforeValidator(_either),
]
