"""Bad arguments in midnight's own words: which one, what it must be, and where to look."""

from __future__ import annotations

import re

from pydantic import BaseModel, ValidationError
from typer.exceptions import TyperException

from chaos.console.typed import as_typed
from chaos.errors import got_instead
from chaos.spec import wording
from chaos.spec.near import LONGEST

_CHOICES = re.compile(r"is not one of (.+?)\.?$")


def line(error: TyperException) -> str:
    """`--top: must be a whole number, got 'x'`, with the help to read. The library's own words name its types."""
    said = _refused(error) or str(getattr(error, "format_message", error.__str__)()).rstrip(".")
    context = getattr(error, "ctx", None)
    if context is None:
        return said
    words = ["--help"]
    while context.parent is not None:
        words.insert(0, context.info_name)
        context = context.parent
    return f"{said}; see `{as_typed(' '.join(('midnight', *words)))}`"


def _refused(error: TyperException) -> str | None:
    cause, param = error.__cause__, getattr(error, "param", None)
    if not isinstance(cause, ValidationError) or param is None:
        return None
    named = param.opts[0] if param.opts[0].startswith("-") else param.metavar or param.name.upper()
    given = cause.errors(include_url=False)[0]["input"]
    rule = wording.rules(cause, BaseModel, given)[0].text
    if choices := _CHOICES.search(rule):
        names = re.findall(r"'([^']*)'", choices[1])
        rule = f"must be {', '.join(names[:-1])} or {names[-1]}"
    return f"{named}: {rule}{got_instead(rule, repr(str(given)[:LONGEST]))}"
