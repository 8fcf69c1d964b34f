"""Secrets are read when a run begins, never when a file is checked; what was read is masked from then on."""

from __future__ import annotations

from chaos.access import dsn
from chaos.access.dsn import Parts, Uncertain
from chaos.errors import UsageError
from chaos.record import redact
from chaos.spec.secret import Secret


class SecretReader:
    """Reads secrets, and knows afterwards what must never be written."""

    def __init__(self) -> None:
        self._known: dict[str, None] = {}

    def __call__(self, secret: Secret, where: str) -> str:
        """The secret without its prefix. Raises UsageError.

        Of a connection string, such as a job gets one, host and database are no secrets where that is certain.
        """
        text = secret.read(where)
        try:
            self.learn(*(dsn.parse(text).secret if dsn.is_url(text) else (text,)))
        except Uncertain:
            self.learn(text)
        return text

    def connection(self, secret: Secret, where: str) -> Parts:
        """A secret that is a PostgreSQL connection string, taken apart. Raises UsageError.

        User and password are secret then, host, port and database are not; of what is not certain everything is.
        """
        return self.take_apart(secret.read(where), where)

    def take_apart(self, text: str, where: str) -> Parts:
        """The same for a string that was found elsewhere."""
        try:
            parts = dsn.parse(text)
        except Uncertain as error:
            self.learn(text)
            raise UsageError(f"{where}: {error}") from None
        user = parts.options.get("user", "")
        self.learn(*parts.secret, *([f"{user}:{parts.password}"] if parts.password else []))
        return parts

    def learn(self, *texts: str) -> None:
        """Each is a secret, a part of one, or another way to say it: for this run, and for all that is printed."""
        self._known |= dict.fromkeys(texts)
        redact.known.learn(texts)

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(self._known)
