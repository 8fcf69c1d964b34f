"""Read secrets when a run begins, never when a file is validated, and mask them from then on."""

from __future__ import annotations

from chaos.access import dsn
from chaos.access.dsn import Parts, Uncertain
from chaos.errors import UsageError
from chaos.record import redact
from chaos.spec.secret import Secret


class SecretReader:
    """Reads secrets, and knows what must never be written."""

    def __init__(self) -> None:
        self._known: dict[str, None] = {}

    def __call__(self, secret: Secret, where: str) -> str:
        """Return the secret without its prefix. Raises UsageError.

        In a connection string, as passed to jobs, host and database are not secret if they can be identified.
        """
        text = secret.read(where)
        try:
            self.learn(*(dsn.parse(text).secret if dsn.is_url(text) else (text,)))
        except Uncertain:
            self.learn(text)
        return text

    def whole(self, given: str | Secret, where: str) -> str:
        """Text as it is, or a secret with its prefix. Raises UsageError."""
        return given if isinstance(given, str) else given.prefix + self(given, where)

    def header(self, given: str | Secret, where: str) -> str:
        """The same for the value of a header or cookie. Raises UsageError if it is not ASCII."""
        value = self.whole(given, where)
        if not value.isascii():
            raise UsageError(f"{where}: must be ASCII")
        return value

    def connection(self, secret: Secret, where: str) -> Parts:
        """Parse a secret that is a PostgreSQL connection string. Raises UsageError.

        User and password are secret; host, port and database are not. If ambiguous, everything is secret.
        """
        return self.take_apart(secret.read(where), where)

    def take_apart(self, text: str, where: str) -> Parts:
        """Parse a string from elsewhere in the same way."""
        try:
            parts = dsn.parse(text)
        except Uncertain as error:
            self.learn(text)
            raise UsageError(f"{where}: {error}") from None
        user = parts.options.get("user", "")
        self.learn(*parts.secret, *([f"{user}:{parts.password}"] if parts.password else []))
        return parts

    def learn(self, *texts: str) -> None:
        """Register secrets, parts of secrets and other spellings, for this run and for all output."""
        self._known |= dict.fromkeys(texts)
        redact.known.learn(texts)

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(self._known)
