"""Rules in midnight's own words: what a validator found, at which place, and what to type instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from chaos.errors import NO_HINT, Hint
from chaos.spec import keys, places
from chaos.spec.broken import BrokenRule, BrokenRules, Place, SecretValue, UnknownValue
from chaos.spec.near import nearest
from chaos.spec.units import in_unit_of, is_time

MOST = 100
"""Maximum rules that are listed of one value: a file of another kind breaks thousands."""

REQUIRED = "is required"
OTHER = "is not a value that can be used here"


@dataclass(frozen=True, slots=True)
class Rule:
    """A broken rule: its place below the value that was validated, and the value to show; None: none."""

    place: Place
    text: str
    value: Any = None
    hint: Hint = NO_HINT


def rules(error: ValidationError, model: type[BaseModel], data: Any) -> list[Rule]:
    """Every rule that `data` breaks as a value of `model`, at most MOST, one for each mistake."""
    found: dict[Place, list[tuple[ErrorDetails, Rule]]] = {}
    every = error.errors(include_url=False)
    for details in every[:MOST]:
        for rule in _of(details, model, data):
            found.setdefault(rule.place, []).append((details, rule))
    meant = {
        (*place[:-1], key)
        for place, each in found.items()
        for details, _ in each
        if details["type"] == "extra_forbidden" and (key := keys.unknown(model, details["loc"]).meant)
    }
    listed = [
        rule
        for place, each in found.items()
        if not _is_noise(place, each, found)
        and not (place in meant and all(details["type"] == "missing" for details, _ in each))
        for rule in _merged(each)
    ]
    return [*listed, *([Rule((), f"breaks {len(every) - MOST} more rules")] if len(every) > MOST else [])]


def _of(details: ErrorDetails, model: type[BaseModel], data: Any) -> Iterator[Rule]:
    """The rules of one of pydantic's errors: one, except where a validator raised several."""
    kind = details["type"]
    place = places.without_tags(data, details["loc"], keep_last=kind == "missing")
    given = places.value_at(data, place)
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, BrokenRule | BrokenRules):
        for each in cause.rules if isinstance(cause, BrokenRules) else (cause,):
            below = (*place, *each.place)
            says_what_fits = str(each).startswith("must ") and not isinstance(each, SecretValue)
            shown = _scalar(places.value_at(data, below)) if says_what_fits else None
            yield Rule(below, str(each), shown, each.hint)
    elif kind == "missing":
        yield Rule(place, REQUIRED)
    elif kind == "extra_forbidden":
        unknown = keys.unknown(model, details["loc"])
        yield Rule(place, unknown.rule, hint=Hint(unknown_key=unknown))
    else:
        text = _text(details, given)
        is_empty = given is None and text.startswith("must be")
        yield Rule(place, f"is empty: {text}" if is_empty else text, _scalar(given), _hint(details, given))


def _scalar(value: Any) -> Any:
    return value if isinstance(value, str | int | float | date | time) else None


def _is_noise(place: Place, each: list[tuple[ErrorDetails, Rule]], found: Mapping[Place, object]) -> bool:
    """What only follows from a mistake below: a union's other kinds, and a list that is too short without the entry."""
    deeper = any(len(other) > len(place) and other[: len(place)] == place for other in found)
    return deeper and all(details["type"].endswith(("_type", "too_short")) for details, _ in each)


def _merged(each: list[tuple[ErrorDetails, Rule]]) -> list[Rule]:
    """One rule where a union refused one value in several ways: its own words first, else all that it may be."""
    found = list({rule.text: rule for _, rule in each}.values())
    if len({details["loc"] for details, _ in each}) == 1:
        return found
    if own := [rule for details, rule in each if details["type"] == "value_error"]:
        return own[:1]
    start = "is empty: must be " if found[0].text.startswith("is empty") else "must be "
    if all(rule.text.startswith(start) for rule in found):
        choices = " or ".join(rule.text.removeprefix(start) for rule in found)
        return [replace(found[0], text=f"{start}{choices}")]
    return found[:1]


def _text(details: ErrorDetails, given: Any) -> str:
    """The rule in words. The library's own words are never used: they name its types."""
    kind = details["type"]
    context = details.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error", OTHER)) or OTHER
    if kind in ("literal_error", "enum"):
        return _one_of(str(context.get("expected", "")), given)
    said = _WORDS.get(kind)
    if said is None:
        return OTHER
    text = said if isinstance(said, str) else said(context, given)
    return f"{text}, not {_kind_of(given)}" if isinstance(given, dict | list) and "_type" in kind else text


def _hint(details: ErrorDetails, given: Any) -> Hint:
    """The values to choose from, or the bound, as a number and in the value's unit."""
    kind, context = details["type"], details.get("ctx", {})
    if isinstance(error := context.get("error"), UnknownValue):
        return error.hint
    is_kind = kind in ("literal_error", "enum", "value_error", "assertion_error") or kind.endswith("_type")
    if kind in ("literal_error", "enum"):
        return Hint(tuple(_choices(str(context.get("expected", "")))), is_kind)
    bounds = [context[key] for key in ("ge", "le") if key in context]
    return Hint(
        tuple(each for bound in bounds for each in (bound, in_unit_of(given, bound).replace(" ", ""))),
        is_kind,
    )


def _kind_of(given: object) -> str:
    return "a list" if isinstance(given, list) else "keys with values"


def _one_of(expected: str, given: object) -> str:
    known = _choices(expected)
    near = nearest(given.lower(), known) if isinstance(given, str) else None
    meant = f"; did you mean {near}?" if near and near != given else ""
    return f"must be {' or '.join(filter(None, (', '.join(known[:-1]), *known[-1:])))}{meant}"


def _choices(expected: str) -> list[str]:
    """The values in pydantic's list of them."""
    quoted = re.findall(r"'((?:[^'\\]|\\.)*)'|\b(?!or\b)(\w+)", expected)
    return [text or bare.lower() for text, bare in quoted]


def _bound(words: str, key: str) -> Callable[[Mapping[str, Any], Any], str]:
    """A bound as the file would write it: `60 s` for a time, `1 MB` for a size."""
    return lambda context, given: f"must be {words} {in_unit_of(given, context[key])}"


def _whole(_: object, given: object) -> str:
    return "must be whole seconds" if isinstance(given, str) and is_time(given) else "must be a whole number"


def _text_wanted(_: object, given: object) -> str:
    plain = isinstance(given, int | float | date) and not isinstance(given, datetime)
    return 'must be text: put it in quotes ("...")' if plain else "must be text"


def _many(context: Mapping[str, Any], given: object) -> str:
    number = context["min_length"]
    how = " ([a] or a line that begins with -)" if given == [] else ""
    return f"must have at least {number} {'entry' if number == 1 else 'entries'}{how}"


def _pattern(context: Mapping[str, Any], _: object) -> str:
    pattern = str(context["pattern"])
    return PATTERNS.get(pattern, f"must match the pattern {pattern}")


PATTERNS = {
    r"^[a-z][a-z0-9_-]*$": "must be a name: a lower-case letter, then lower-case letters, digits, _ and -",
    r"^[a-z0-9][a-z0-9._-]*$": "must be a name of lower-case letters, digits, ., _ and -",
    r"^[a-z_][a-z0-9_]*$": "must be a name of lower-case letters, digits and _, without a digit in front",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "must be a name of letters, digits, ., _ and -",
    r"^[a-zA-Z_:][a-zA-Z0-9_:]*$": "must be the name of a series: letters, digits, _ and :, without a digit in front",
    r"^/": "must begin with /",
    r"^[^\s:]+:\d{1,5}$": "must be HOST:PORT",
    r"^(?i:https?)://[^/]+": "must be a URL such as https://example.org/path",
    r"^[^\x00]{1,63}$": "must be a name of 1 to 63 characters",
    r"^[^\x00.]{1,63}(\.[^\x00.]{1,63})?$": "must be TABLE or SCHEMA.TABLE",
    r"^[a-z_]+$": "must be a name of lower-case letters and _",
    r"^([a-z0-9._-]+|[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*)$": "must be a host in lower case, without a port",
}
"""Patterns of the models, in words."""

_NUMBER = "must be a number"
_YES_NO = "must be true or false"
_MAPPING = "must be keys with values (key: value)"
_LIST = "must be a list ([a, b] or lines that begin with -)"
_DATE = "must be a date such as 2026-12-31"
_TIME = "must be a time of day such as 22:00"
_MOMENT = "must be a date and time such as 2026-12-31T22:00:00Z"
_URL = "must be a URL such as https://example.org/path"
_WORDS: dict[str, str | Callable[[Mapping[str, Any], Any], str]] = {
    "int_type": _whole,
    "int_parsing": _whole,
    "int_parsing_size": "must be a whole number with fewer digits",
    "int_from_float": _whole,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": "must be a finite number",
    "bool_type": _YES_NO,
    "bool_parsing": _YES_NO,
    "string_type": _text_wanted,
    "string_too_short": lambda context, _: (
        "must not be empty"
        if context["min_length"] == 1
        else f"must have at least {context['min_length']} characters"
    ),
    "string_too_long": lambda context, _: f"must have at most {context['max_length']} characters",
    "string_pattern_mismatch": _pattern,
    "string_not_ascii": "must be ASCII text",
    "path_type": "must be a path",
    "greater_than": _bound("greater than", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("less than", "lt"),
    "less_than_equal": _bound("at most", "le"),
    "string_unicode": "holds a character that is not valid in text: remove it",
    "multiple_of": _bound("a multiple of", "multiple_of"),
    "too_short": _many,
    "too_long": lambda context, _: f"must have at most {context['max_length']} entries",
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "invalid_key": "must have text as its keys: put them in quotes",
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "set_item_not_hashable": "must be a list of single values",
    "none_required": "must be empty (null)",
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "date_past": "must be a date in the past",
    "date_future": "must be a date in the future",
    "time_type": _TIME,
    "time_parsing": _TIME,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "url_type": _URL,
    "url_parsing": _URL,
    "url_syntax_violation": _URL,
    "url_scheme": _URL,
}
