"""URLs from the environment that may contain user and password: registered as secret before anything uses them."""

from __future__ import annotations

import re

from chaos.access import dsn
from chaos.access.dsn import Uncertain
from chaos.errors import UsageError
from chaos.record import redact

_CONTROL = re.compile(
    r"(?:http://)?(?:(?P<userinfo>[^\s@/?#]+)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(?P<port>\d+))?/?"
)


def control_url(text: str, where: str) -> str:
    """Return a control URL without user and password, as http://HOST[:PORT].

    Raises UsageError, without showing possible secrets.
    """
    found = _CONTROL.fullmatch(text)
    if found is None:
        redact.known.learn([text])
        got = "" if "@" in text else f", got {text!r}"
        raise UsageError(f"{where}: must be http://HOST:PORT{got}")
    if found["userinfo"]:
        redact.known.learn([found["userinfo"], *found["userinfo"].split(":")])
    return f"http://{found['host']}" + (f":{found['port']}" if found["port"] else "")


def learn_database_url(text: str, where: str) -> None:
    """Mask the user and password of a database URL from now on. Raises UsageError if they cannot be identified with
    certainty."""
    if not dsn.is_url(text):
        if "@" in text:
            redact.known.learn([text])
        return
    try:
        parts = dsn.parse(text)
    except Uncertain as error:
        redact.known.learn([text])
        raise UsageError(f"{where}: {error}") from None
    redact.known.learn(parts.secret)
