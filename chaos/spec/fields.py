"""Fields of an HTTP message."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""RFC 9110, 5.6.2."""
Status = Annotated[int, Field(ge=100, le=599)]
_FRAMING = {"connection", "content-length", "transfer-encoding"}  # set by the sender, not the request


def _header_name(text: str) -> str:
    if not TOKEN.fullmatch(text) or text.lower() in _FRAMING:
        raise ValueError("must be the name of a header that a request may set")
    return text


def _field_name(text: str) -> str:
    if not TOKEN.fullmatch(text):
        raise ValueError("must be the name of a header")
    return text


HeaderName = Annotated[str, AfterValidator(_header_name)]
FieldName = Annotated[str, AfterValidator(_field_name)]
