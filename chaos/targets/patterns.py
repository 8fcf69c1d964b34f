"""Regular expressions in target files."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from chaos.spec.yamlfile import Model


def _regex(text: str) -> str:
    try:
        re.compile(text.encode())
    except re.error as error:
        raise ValueError(f"must be a regular expression: {error}") from None
    return text


def _line_id(text: str) -> str:
    if not 1 <= re.compile(text.encode()).groups <= 2:
        raise ValueError(r"must have one group, the id, or two, a writer and its number: pid=(\d+) n=(\d+)")
    return text


Regex = Annotated[str, Field(min_length=1), AfterValidator(_regex)]
LineId = Annotated[Regex, AfterValidator(_line_id)]


class LinesOfStack(Model):
    """The logs of the reference stack."""

    line_id: LineId | None = None
