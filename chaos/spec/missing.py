"""What a target file may call the answer of a missing record."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.spec import templates
from chaos.spec.broken import BrokenRule
from chaos.spec.expect import Expect

NEVER = (401, 403, 408, 425, 429)
"""Statuses of a service that is closed or busy, as every 5xx is of one that fails."""


def of_missing(expect: Expect) -> Iterator[BrokenRule]:
    """An answer that may have another reason would make every write a lost one."""
    if expect == Expect():
        yield BrokenRule("must say more than any 2xx, such as {json: {$.data: absent}}", "missing")
    if passing := [status for status in expect.status if status >= 500 or status in NEVER]:
        yield BrokenRule(f"{passing[0]} says nothing about a record", "missing", "status")
    for place, text in expect.texts(("missing",)):
        for name in templates.names(text):
            yield BrokenRule(f"{{{name.word}}} is not filled here", *place)
