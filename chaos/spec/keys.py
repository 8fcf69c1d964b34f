"""The keys of a file: which ones a place may have, and the one that an unknown key is meant to be."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag

from chaos.errors import UnknownKey
from chaos.record.renamed import KEYS as RENAMED
from chaos.spec.broken import Place
from chaos.spec.near import LONGEST, nearest

_SURE, _LIKELY = 0.85, 0.6  # of near.nearest's ratios

FOREIGN: Mapping[str, tuple[str, ...]] = {
    "action": ("fault", "runbook"),
    "allowed_hosts": ("allow",),
    "args": ("with", "options", "query"),
    "assert": ("expect",),
    "arguments": ("with", "options"),
    "base": ("base_url",),
    "begin": ("at",),
    "command": ("argv",),
    "cron": ("when",),
    "csv": ("rows",),
    "data": ("json", "form", "body"),
    "dependson": ("after",),
    "description": ("title",),
    "duration": ("for", "hold", "within", "window"),
    "error_rate": ("availability",),
    "experiments": ("scenarios",),
    "goal": ("target", "availability"),
    "hosts": ("allow",),
    "id": ("name",),
    "interval": ("window", "when"),
    "kind": ("fault", "driver"),
    "files": ("file",),
    "length": ("for", "hold", "within"),
    "login": ("session",),
    "max": ("below", "at_most"),
    "mttr": ("recovery", "rto"),
    "needs": ("after",),
    "notifications": ("notify",),
    "objective": ("slos", "availability"),
    "objectives": ("slos",),
    "offset": ("at",),
    "parameters": ("with", "options"),
    "params": ("with", "options", "query"),
    "qps": ("rate",),
    "ramp": ("phases",),
    "requests_per_second": ("rate",),
    "response_time": ("latency",),
    "routes": ("mix",),
    "rps": ("rate",),
    "schedule": ("when",),
    "script": ("command",),
    "setup": ("session",),
    "settings": ("with", "options"),
    "stages": ("phases",),
    "start": ("at",),
    "starts": ("at",),
    "status_code": ("expect", "status"),
    "success_rate": ("availability",),
    "summary": ("title",),
    "threshold": ("below",),
    "thresholds": ("slos",),
    "time": ("at", "for", "when"),
    "type": ("fault", "driver"),
    "tz": ("timezone",),
    "upload": ("file",),
    "uptime": ("availability",),
    "uri": ("path", "base_url"),
    "url": ("path", "base_url"),
    "variables": ("rows", "take"),
    "verb": ("method",),
    "weights": ("mix",),
}
"""What other tools call a key, without `-` and in lower case."""


FREE = ("with", "options")
"""Keys that hold parameters of a fault, an action or a driver."""


def unknown(model: type[BaseModel], place: Place) -> UnknownKey:
    """About the unknown key at the end of `place`, as pydantic gives it, in a value of `model`."""
    key, known = str(place[-1]), at(model, place[:-1])
    for each in _models_at(model, place[:-1]):
        foreign: str | UnknownKey | None = getattr(each, "foreign", {}).get(key)
        if foreign is not None:
            return UnknownKey(foreign) if isinstance(foreign, str) else foreign
    new = RENAMED.get(key)
    if new in known:
        return UnknownKey(f"is now called {new}", new)
    return _glued(key, known) or _meant(key, known, _SURE) or _elsewhere(model, key, known) or _listed(known)


def _meant(key: str, known: Collection[str], least: float) -> UnknownKey | None:
    if len(key) > LONGEST:
        return None
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower().replace("-", "_").replace(" ", "_")
    foreign = next((each for each in FOREIGN.get(plain, ()) if each in known), None)
    found = plain if plain in known else foreign or nearest(plain, known, least)
    return UnknownKey(f"unknown key; did you mean `{found}`?", found) if found else None


def _elsewhere(model: type[BaseModel], key: str, known: Collection[str]) -> UnknownKey | None:
    """A parameter beside the key that holds them; a key of another part of the file; one that is only similar."""
    free = [each for each in FREE if each in known]
    homes = free or [home for home in _homes(model).get(key, ()) if home]
    belongs = f"{'a parameter' if free else 'it'} belongs under `{'` or `'.join(homes[:2])}`"
    near = _meant(key, known, _LIKELY)
    if near and (free or not homes):
        return near
    return UnknownKey(f"unknown key; {belongs}") if homes else None


def _listed(known: Collection[str]) -> UnknownKey:
    return UnknownKey(f"unknown key; known: {', '.join(known) or 'none'}", needless=True)


def _glued(key: str, known: Collection[str]) -> UnknownKey | None:
    """`hold 1s` and `hold:1s`, which YAML takes for a key without a value."""
    first, sign, rest = re.fullmatch(r"(\w*)(\s*:?\s*)(.*)", key, re.DOTALL).groups()  # type: ignore[union-attr]  # always matches
    if not (first in known and sign and rest and len(key) <= LONGEST):
        return None
    missing = "a space" if ":" in sign else "a colon"
    return UnknownKey(f"{missing} is missing: write `{first}: {rest}`", first, rest)


def at(model: type[BaseModel], place: Place) -> Sequence[str]:
    """The keys that a mapping at `place`, as pydantic gives it, may have; none if they are free."""
    return tuple(dict.fromkeys(key for each in _models_at(model, place) for key in fields(each)))


def _models_at(model: type[BaseModel], place: Place) -> list[type[BaseModel]]:
    found: list[Any] = [model]
    for key in place:
        found = [each for kind in found for each in _below(kind, key)]
    return [each for kind in found for each in models(kind)]


@cache
def _homes(model: type[BaseModel]) -> Mapping[str, Sequence[str]]:
    """The places, in words, of each key that a value of `model` may have."""
    found: dict[str, list[str]] = {}
    for key, home in _walk(model, (), frozenset()):
        found.setdefault(key, []).append(home)
    return found


def _walk(
    model: type[BaseModel], place: tuple[str, ...], above: frozenset[type]
) -> Iterator[tuple[str, str]]:
    for key, annotation in fields(model).items():
        yield key, ": ".join(place)
        for below in models(annotation, items=True):
            if below not in above:
                yield from _walk(below, (*place, key), above | {model})


def fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def models(annotation: Any, *, items: bool = False) -> Iterator[type[BaseModel]]:
    """The models that a value of this annotation may be; with `items`, those in lists and mappings too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    origin = get_origin(annotation)
    if origin is Annotated or _is_union(annotation) or (items and origin is not None):
        for each in get_args(annotation):
            yield from models(each, items=items)


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _below(annotation: Any, key: int | str) -> list[Any]:
    """The annotations of what is below `key`, which may also be what pydantic adds for a member of a union."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        tagged = any(isinstance(each, Tag) and each.tag == key for each in inner[1:])
        return [inner[0]] if tagged else _below(inner[0], key)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = fields(annotation).get(str(key))
        return [annotation] if key == annotation.__name__ else [] if field is None else [field]
    if origin is dict:
        return [inner[1]]
    if isinstance(key, int) and origin in (tuple, list, frozenset):
        return [inner[0]]
    return [each for member in inner for each in _below(member, key)] if _is_union(annotation) else []
