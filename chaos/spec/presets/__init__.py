"""Presets of `gauges:`: one file per exporter, written from its own documentation."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML

from chaos.spec import formulas
from chaos.spec.formulas import Formula

_PLACE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Part:
    """One answer: of a query, or of the page."""

    sql: str
    formulas: Mapping[str, Formula]


@dataclass(frozen=True, slots=True)
class Preset:
    name: str
    title: str
    source: str  # the documentation that it was written from
    kind: Literal["prometheus", "json", "sql"]
    parts: tuple[Part, ...]

    @property
    def gauges(self) -> tuple[str, ...]:
        return tuple(gauge for part in self.parts for gauge in part.formulas)


@functools.cache
def names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _PLACE.glob("*.yaml")))


@functools.cache
def named(name: str) -> Preset:
    """The preset of a known name."""
    given: dict[str, Any] = YAML(typ="safe").load(_PLACE / f"{name}.yaml")
    kind = given["reads"]
    parts = given["queries"] if kind == "sql" else [given]
    return Preset(
        name, given["title"], given["source"], kind, tuple(_part(each, json=kind == "json") for each in parts)
    )


def _part(given: Mapping[str, Any], *, json: bool) -> Part:
    return Part(
        given.get("sql", ""),
        {gauge: formulas.parse(str(text), json=json) for gauge, text in given["map"].items()},
    )
