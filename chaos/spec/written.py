"""Values as a person writes them in a file: `500ms`, `400MB`, `99%`. The opposite of `units`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from enum import Enum
from typing import Any, get_args

from pydantic.fields import FieldInfo

from chaos.spec import units
from chaos.spec.yamlfile import Model


def as_written(model: Model) -> dict[str, str]:
    """Each field of a model as text that the model reads back as the same value."""
    fields = type(model).model_fields
    return {name: _text(getattr(model, name), _validators(field)) for name, field in fields.items()}


def default_of(field: FieldInfo) -> str | None:
    """A field's default as text; None if it has none."""
    return (
        None
        if field.is_required()
        else _text(field.get_default(call_default_factory=True), _validators(field))
    )


def time(value: float) -> str:
    """Return seconds as text that `units.seconds` reads back as the same number: `1m30s`."""
    short = units.show_seconds(value).replace(" ", "")
    with suppress(ValueError):  # too small for it
        if units.seconds(short) == value:
            return short
    return f"{_decimal(value):f}s"


def _validators(field: FieldInfo) -> set[int]:
    return {*map(id, field.metadata), *map(id, _within(field.annotation))}


def _within(annotation: Any) -> Iterator[Any]:
    for part in get_args(annotation):
        yield part
        yield from _within(part)


def _text(value: Any, validators: set[int]) -> str:
    if isinstance(value, float | int) and not isinstance(value, bool | Enum):
        for show, kind in ((time, units.Seconds), (units.show_size, units.Size), (_ratio, units.Ratio)):
            if id(get_args(kind)[1]) in validators:
                return show(value)
        return f"{value:.15g}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(_text(each, validators) for each in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_text(each, validators)}' for key, each in value.items())}}}"
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    return str(value.value if isinstance(value, Enum) else value) or "''"


def _ratio(value: float) -> str:
    return f"{(_decimal(value) * 100).normalize():f}%"


def _decimal(value: float) -> Decimal:
    """All of its digits, and no exponent when formatted with `f`."""
    return Decimal(repr(float(value)))
