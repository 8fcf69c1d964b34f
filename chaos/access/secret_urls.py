"""URLs of the environment that may carry a user and a password: learnt to be secret before anything looks at them."""

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
    """A control address without the user and password that it may carry, as http://HOST[:PORT].

    Raises UsageError, which does not show what may be secret.
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
    """Have the user and password of a database URL masked from now on. Raises UsageError where they cannot be told
    apart from the rest with certainty."""
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
