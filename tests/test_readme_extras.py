"""The README lists what may be left out."""

from __future__ import annotations

import re
import tomllib

from tests.midnight import PROJECT


def test_every_extra_has_a_row_and_every_row_an_extra() -> None:
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    section = (PROJECT / "README.md").read_text().split("### Install without make")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(extras)
