"""One attempt to deliver one notification."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from chaos.access import trust
from chaos.access.secrets import SecretReader
from chaos.errors import MidnightError
from chaos.later import httpx
from chaos.notify import message
from chaos.notify.destinations import Apprise, Webhook
from chaos.record.redact import Redactor
from chaos.spec.secret import Secret

TIMEOUT = 10.0  # seconds


class NotDelivered(MidnightError):
    """The attempt failed; the message holds no secret."""


def send(name: str, destination: Webhook | Apprise, body: Mapping[str, Any]) -> None:
    """Deliver the body to the destination of that name. Raises NotDelivered."""
    read = SecretReader()
    try:
        if isinstance(destination, Webhook):
            _post(name, destination, body, read)
        else:
            _through_apprise(read(destination.apprise, name), body)
    except Exception as error:  # any error of an apprise service must not stop the next notification
        text = str(error) or type(error).__name__
        raise NotDelivered(Redactor(read.known)(text)) from None


def _post(name: str, hook: Webhook, body: Mapping[str, Any], read: SecretReader) -> None:
    url = read(hook.webhook, name) if isinstance(hook.webhook, Secret) else hook.webhook
    headers = {key: read.header(secret, f"{name}: header {key}") for key, secret in hook.headers.items()}
    with httpx.Client(timeout=TIMEOUT, trust_env=False, verify=trust.trust(url)) as client:
        answer = client.post(url, json=dict(body), headers=headers)
    if not answer.is_success:
        raise NotDelivered(f"answered with {answer.status_code}")


def _through_apprise(url: str, body: Mapping[str, Any]) -> None:
    import apprise  # imports a hundred services: slow, and needed only with notifications

    asset = apprise.AppriseAsset(app_id="midnight", async_mode=False)
    people = apprise.Apprise(asset=asset)
    if not people.add(url):
        raise NotDelivered("is not an address that apprise understands")
    with apprise.LogCapture(level=logging.WARNING) as said:  # type: ignore[no-untyped-call]
        plain = apprise.NotifyFormat.TEXT  # literally: a headline is not markup
        if not people.notify(title=message.title(body), body=message.text(body), body_format=plain):
            lines = said.getvalue().strip().splitlines()
            raise NotDelivered(lines[-1] if lines else "apprise could not deliver it")
