"""Outcomes of a sign-in."""

from __future__ import annotations

from chaos.host.greetings import HUNG_UP, PATIENCE, REFUSED

__all__ = ["HUNG_UP", "PATIENCE", "REFUSED", "Denied", "Lost", "NoRoom", "numbers"]


class NoRoom(Exception):
    """The server has no room for another session; the message is what it said."""


class Denied(Exception):
    """The server refuses the login, or what it asks; the message is what it said."""


class Lost(Exception):
    """The server has ended the session, or does not answer."""


def numbers(now: str | None, allowed: str | None) -> tuple[int, int]:
    """The connections that there are, and those that may be. Raises Denied if the server said neither: something in
    between may answer in its place."""
    try:
        return int(now or ""), int(allowed or "")
    except ValueError:
        raise Denied("it does not say how many connections it has and allows") from None
