"""The runbook of a target: steps of its operators after a loss, by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from chaos.spec.broken import BrokenRule
from chaos.spec.yamlfile import Model, Name

Words = Annotated[str, Field(min_length=1, max_length=2000)]


class RunbookStep(Model):
    """One step: an action of the driver, a command, or a person's work.

    A command runs without a shell, with MIDNIGHT_RUN, MIDNIGHT_STEP and MIDNIGHT_URL in its environment; it
    succeeds with exit code 0. `person` is the instruction for a person, who then runs `midnight done`.
    """

    action: Name | None = None
    command: tuple[Words, ...] | None = Field(default=None, min_length=1)
    person: Words | None = None
    params: dict[str, Any] = Field(default_factory=dict, alias="with")

    def broken_rules(self) -> Iterator[BrokenRule]:
        if sum(way is not None for way in (self.action, self.command, self.person)) != 1:
            yield BrokenRule("a runbook step has exactly one of action, command and person")
        elif self.params and self.action is None:
            yield BrokenRule("is only for an action", "with")

    @property
    def by(self) -> str:
        """Return who does it: `midnight`, `command` or `person`."""
        return "person" if self.person else "command" if self.command else "midnight"
