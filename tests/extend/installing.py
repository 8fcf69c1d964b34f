"""The examples of docs/extend, installed as their authors would, without a network, and used from elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.midnight import PROJECT, Midnight

EXAMPLES = PROJECT / "docs/extend/examples"
PIP = ("-m", "pip", "--disable-pip-version-check", "-q", "install", "--no-index", "--no-deps")


@dataclass(frozen=True, slots=True)
class Installed(Midnight):
    """The command with one example installed; `package` is a copy of its files, `site` where pip put it."""

    package: Path = field(default_factory=Path)
    site: Path = field(default_factory=Path)

    @property
    def environment(self) -> dict[str, str]:
        return {**Midnight(self.place).environment, "PYTHONPATH": str(self.site)}

    def test(self, *names: str) -> str:
        """Run the package's own tests and the contract suite for these names; return what pytest printed."""
        argv = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "--rootdir", ".", "."]
        argv += [part for name in names for part in ("--midnight-contract", name)]
        done = subprocess.run(
            argv, cwd=self.package, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def experiment(self, name: str) -> str:
        """The path of one of its experiments, changed for a busy machine: midnight's own load may be late."""
        text = (self.package / name).read_text()
        return self.file(name, f"{text}instrument: {{lag: 900ms, run_delay: 100%}}\n")

    def used_in(self, place: Path) -> Installed:
        """The same example, for a command with reports and state of its own."""
        return Installed(place, package=self.package, site=self.site)

    def lacking(self) -> Midnight:
        """The same command without the example."""
        return Midnight(self.place)


def install(name: str, place: Path) -> Installed:
    """The example of that name below `docs/extend/examples`."""
    package, site = place / name, place / "site"
    shutil.copytree(EXAMPLES / name, package, ignore=shutil.ignore_patterns("__pycache__"))
    argv = [sys.executable, *PIP, "--no-build-isolation", "--no-compile", "--target", str(site), str(package)]
    subprocess.run(argv, check=True, env={**os.environ, "PYTHONPATH": ""}, capture_output=True)
    return Installed(place, package=package, site=site)
