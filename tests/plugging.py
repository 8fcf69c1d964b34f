"""A package with one plug-in, as pip leaves it, for one test."""

from __future__ import annotations

from pathlib import Path


def install(place: Path, group: str, name: str, text: str) -> None:
    """Write the module `midnight_NAME`, whose attribute `plugged` is registered under `midnight.GROUP` as NAME.

    What it is found by is `place` on the path of Python.
    """
    module = f"midnight_{name}"
    (place / f"{module}.py").write_text(text)
    metadata = place / f"{module}-1.dist-info"
    metadata.mkdir()
    distribution = module.replace("_", "-")
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[midnight.{group}]\n{name} = {module}:plugged\n")
