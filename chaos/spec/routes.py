"""Routes: the load's requests, and which answers are good."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from chaos.spec import templates
from chaos.spec.broken import BrokenRule, Place
from chaos.spec.ledger import LedgerWrite, of_route
from chaos.spec.old_ledger import not_old
from chaos.spec.request import Request
from chaos.spec.roles import Role, guessed
from chaos.spec.units import Size

IN_ONE_LINE = ("headers", "cookies")
"""Keys of a request whose values hold no line break."""

OF_A_WHOLE_BODY = ("json", "min_size", "max_size", "sse")
"""Rules of `expect` that need the body's end."""


class Route(Request):
    """One kind of request. `{item}` becomes a number from 1 to `items`, `{row.NAME}` a value of a row of `rows`."""

    role: Role | None = None  # default: guessed from method and ledger
    items: Annotated[int, Field(ge=1)] = 1
    rows: Path | None = (
        None  # CSV with a header, or JSON lines: one row for each request, in order, then again
    )
    ledger: Annotated[LedgerWrite | None, BeforeValidator(not_old)] = None  # it is read back afterwards
    disconnect_after: Annotated[Size, Field(gt=0)] | None = (
        None  # bytes of the body, at which the client leaves
    )

    @property
    def played_as(self) -> Role:
        """What experiments ask for."""
        return self.role or guessed(self.method, ledger=self.ledger is not None)

    def broken_rules(self) -> Iterator[BrokenRule]:
        yield from super().broken_rules()
        if self.rows is not None and not self.columns():
            yield BrokenRule("is not used: no text of the route has a {row.NAME}", "rows")
        if self.disconnect_after is not None:
            yield from self._of_leaving()
        if self.ledger is not None:
            yield from of_route(
                self.ledger, {name.word for _, text in self.sent() for name in templates.names(text)}
            )
            yield from self._of_acknowledging(self.ledger)

    def _of_leaving(self) -> Iterator[BrokenRule]:
        if self.method == "HEAD":
            yield BrokenRule("the answer to HEAD has no body", "disconnect_after")
        if self.ledger is not None:
            rule = "a client that leaves acknowledges nothing: remove it, or the ledger"
            yield BrokenRule(rule, "disconnect_after")
        if found := self.expect.given(OF_A_WHOLE_BODY):
            rule = "the client leaves before the body's end: remove it, or `disconnect_after`"
            yield BrokenRule(rule, "expect", found[0])

    def _of_acknowledging(self, ledger: LedgerWrite) -> Iterator[BrokenRule]:
        good = self.expect.accepted
        if ledger.acknowledged is not None and not set(good) & set(ledger.acknowledged.accepted):
            shown = " or ".join(map(str, self.expect.status)) or "2xx"
            rule = (
                f"no good answer acknowledges a write, because the route expects {shown}: correct one of them"
            )
            yield BrokenRule(rule, "ledger", "acknowledged")

    def texts(self) -> Iterator[tuple[Place, str]]:
        """Every text in which names are filled in, with its place."""
        yield from super().texts()
        if self.ledger is not None and self.ledger.acknowledged is not None:
            yield from self.ledger.acknowledged.texts(("ledger", "acknowledged"))

    def columns(self, keys: Collection[str] | None = None) -> list[str]:
        """The names of the columns that are filled in, under these keys."""
        named = {
            name.word
            for place, text in self.texts()
            if keys is None or place[0] in keys
            for name in templates.names(text)
        }
        return sorted(word.removeprefix(templates.ROW) for word in named if word.startswith(templates.ROW))

    def known_names(self, taken: Collection[str]) -> list[str]:
        """The names that can be filled in; `taken` are those of the session."""
        rows = [templates.ROW + each for each in self.columns()] if self.rows is not None else []
        return [*templates.NAMES, *taken, *rows]
