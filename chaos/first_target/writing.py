"""A draft as the text of a target file: each line below its reason, what was not found as a comment."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import date

from chaos.first_target.draft import CONSENT_FOR, Consent, Draft, Item
from chaos.imports import writing
from chaos.imports.imported import one_line
from chaos.record import redact

_WIDE = 110
_SCALARS = ("ready", "base_url", "project", "pprof")
_TOP = ("ready", "session", "headers", "routes", "gauges", "pprof")


def target(draft: Draft, consent: Consent | None, today: date) -> str:
    """The whole file."""
    return "\n".join([*_head(draft), *_consent(consent, today), *_body(draft)]) + "\n"


def _head(draft: Draft) -> Iterator[str]:
    yield from comment(
        "Written by `midnight init`. Each line has its reason above it. Lines that are commented out were not found, or"
        " are yours to decide. No secret was written."
    )
    for each in draft.seen:
        yield from comment(each)
    yield ""
    yield f"name: {draft.name}"
    yield f"driver: {draft.driver}"


def _consent(consent: Consent | None, today: date) -> Iterator[str]:
    if consent is not None:
        yield from comment(
            "Who agreed that the service may be disturbed, and the last day (UTC) of that agreement."
        )
        yield f"consent: {{owner: {writing.value(consent.owner)}, until: {consent.until}}}"
        return
    yield from comment(
        "Nothing is played without consent. Type who agreed that this service may be disturbed, and until when:"
    )
    yield f'# consent: {{owner: "TEAM, NAME", until: {today + CONSENT_FOR}}}'


def _body(draft: Draft) -> Iterator[str]:
    for key in _TOP:
        yield from _section(key, draft.top.get(key, ()), "")
    yield "options:"
    for key, items in draft.options.items():
        yield from _section(key, items, "  ")


def _section(key: str, items: Sequence[Item], indent: str) -> Iterator[str]:
    """A section is a comment as long as nothing in it is on."""
    if not items:
        return
    deeper = "" if key in _SCALARS else "  "
    on = any(item.on and item.lines for item in items)
    if key not in _SCALARS:
        yield f"{indent}{'' if on else '# '}{key}:"
    for item in items:
        yield from comment(item.why, indent + (deeper if on else ""))
        mark = "" if item.on else "# "
        yield from (f"{indent}{mark}{deeper}{line}" for line in item.lines)


def comment(text: str, indent: str = "") -> list[str]:
    """A comment, wrapped, without any piece of a secret that was read."""
    shown = one_line(redact.known(text), 600)
    return textwrap.wrap(
        shown,
        _WIDE,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}# ",
        break_long_words=False,
        break_on_hyphens=False,
    )
