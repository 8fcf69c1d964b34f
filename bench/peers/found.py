"""Which instruments are there: what is missing is named, with how to get it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from bench.attack import BenchError, Instrument
from bench.peers import k6, vegeta
from bench.peers.ours import Ours
from bench.peers.script import Script
from chaos.record.store import cache_dir
from chaos.tools.command import CommandFailed, output, which

_HERE = Path(__file__).parent
_PYTHON = _HERE.parent.parent / ".venv/bench/bin/python"
_BUILD_TIMEOUT = 1200.0


@dataclass(frozen=True, slots=True)
class Peers:
    """By name; `missing` says of each that is not here why, and what to do about it."""

    instruments: dict[str, Instrument]
    missing: dict[str, str]

    @property
    def ours(self) -> Ours:
        return Ours()

    def some(self, *names: str) -> list[Instrument]:
        """Those of the named that are here, in that order."""
        return [self.instruments[name] for name in names if name in self.instruments]


def find(*, build: bool) -> Peers:
    """Look for every instrument; with `build` those in Go are built where they are not found."""
    instruments: dict[str, Instrument] = {
        "midnight": Ours(),
        "midnight x 2": Ours(processes=2),
        "httpx": Script("httpx", Path(sys.executable), _HERE / "httpx_script.py"),
    }
    missing: dict[str, str] = {}
    if _PYTHON.exists():
        instruments["locust"] = Script("locust", _PYTHON, _HERE / "locust_script.py")
    else:
        missing["locust"] = f"{_PYTHON} is not there; type: make bench"
    for name, module, make in (("k6", k6.MODULE, k6.K6), ("vegeta", vegeta.MODULE, vegeta.Vegeta)):
        try:
            instruments[name] = make(_program(name, module, build=build))
        except BenchError as error:
            missing[name] = str(error)
    return Peers(instruments, missing)


def _program(name: str, module: str, *, build: bool) -> Path:
    """On PATH, in our cache, or built into it. Raises BenchError."""
    cached = cache_dir() / "bench" / name
    for program in (which(name), cached):
        if program is not None and program.is_file():
            return program
    go = which("go")
    if go is None:
        raise BenchError(f"it is not on PATH, and Go is not installed; install {name}, or Go")
    if not build:
        raise BenchError(f"it is not on PATH; type: go install {module}@latest")
    print(f"building {name}", flush=True)
    env = {"GOBIN": str(cached.parent), "GOFLAGS": "", "CGO_ENABLED": "0"}
    try:
        output([go, "install", "-trimpath", f"{module}@latest"], timeout=_BUILD_TIMEOUT, env=env)
    except CommandFailed as failure:
        raise BenchError(f"{failure}; install {name} so that it is on PATH") from failure
    return cached
