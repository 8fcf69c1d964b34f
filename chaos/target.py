"""A target's definition: a named YAML file that says which driver, which routes, which profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from chaos import yamlfile
from chaos.yamlfile import Model, Name

Status = Annotated[int, Field(ge=100, le=599)]


class Route(Model):
    """One kind of request. `{item}` in its path becomes a number from 1 to `items`."""

    method: Literal["GET", "POST", "PUT", "DELETE"] = "GET"
    path: Annotated[str, Field(pattern=r"^/")]
    items: Annotated[int, Field(ge=1)] = 1
    body: dict[str, Any] | None = None
    expect: tuple[Status, ...] = ()  # empty: any 2xx
    ledger: bool = False  # a durable append: its body is made from its sequence number


class Readback(Model):
    """How the ledger is read back: `{after}` in the path becomes a sequence number, `{limit}` a page size.

    The answer is `{"records": [{"seq": int, "checksum": str}, ...], "last": bool}` in order of `seq`.
    """

    path: Annotated[str, Field(pattern=r"^/")]
    limit: Annotated[int, Field(ge=1, le=10000)] = 1000


class Target(Model):
    name: Name
    driver: Name
    title: str = ""
    profiles: tuple[Name, ...] = ()  # files in targets/profiles/, the first is the default
    ready: Annotated[str, Field(pattern=r"^/")] = "/"
    routes: dict[Name, Route]
    readback: Readback | None = None
    options: dict[str, Any] = Field(default_factory=dict)  # of the driver


def load(path: Path) -> Target:
    """The target in a file. Raises FileError for the first broken rule."""
    return yamlfile.load(path, Target)
