"""Files of suites: several experiments played in turn and judged as one, such as a whole drill."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from chaos.errors import UnknownKey
from chaos.spec import yamlfile
from chaos.spec.near import LONGEST
from chaos.spec.yamlfile import Model, Name


def _options(known: str) -> dict[str, UnknownKey]:
    """What a whole suite has once, and not in its file."""
    rules = {
        key: f"unknown key; known: {known}; give --{key} to `midnight run` instead"
        for key in ("target", "profile", "seed")
    }
    return {key: UnknownKey(rule, needless=True) for key, rule in rules.items()}


class Scenario(Model):
    """One experiment of the suite, and the changes to its steps (`step.param=value`)."""

    foreign: ClassVar[Mapping[str, UnknownKey]] = _options("experiment, set")

    experiment: str
    set: tuple[str, ...] = ()


def _not_a_name(value: Any) -> Any:
    if isinstance(value, str):
        raise ValueError(f"must be {{experiment: {value[:LONGEST]}}}")
    return value


class Suite(Model):
    foreign: ClassVar[Mapping[str, UnknownKey]] = _options("name, title, scenarios")

    name: Name
    title: str
    scenarios: tuple[Annotated[Scenario, BeforeValidator(_not_a_name)], ...] = Field(min_length=1)


def load(path: Path) -> Suite:
    """Load the suite in a file. Raises FileError for the first broken rule."""
    return yamlfile.load(path, Suite)
