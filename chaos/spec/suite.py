"""Files of suites: several experiments played in turn and judged as one, such as a whole drill."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from chaos.spec import yamlfile
from chaos.spec.yamlfile import Model, Name


class Scenario(Model):
    """One experiment of the suite, and the changes to its steps (`step.param=value`)."""

    experiment: str
    set: tuple[str, ...] = ()


class Suite(Model):
    name: Name
    title: str
    scenarios: tuple[Scenario, ...] = Field(min_length=1)


def load(path: Path) -> Suite:
    """Load the suite in a file. Raises FileError for the first broken rule."""
    return yamlfile.load(path, Suite)
