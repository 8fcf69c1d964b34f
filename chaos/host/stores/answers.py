"""How a sign-in ends."""

from __future__ import annotations

from chaos.host.greetings import HUNG_UP, PATIENCE, REFUSED

__all__ = ["HUNG_UP", "PATIENCE", "REFUSED", "Denied", "Lost", "NoRoom"]


class NoRoom(Exception):
    """The server has no room for another session; the message is what it said."""


class Denied(Exception):
    """The server refuses the login, or what it asks; the message is what it said."""


class Lost(Exception):
    """The server has ended the session, or does not answer."""
