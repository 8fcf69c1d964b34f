"""Services that know nothing of midnight, each attached and played in rounds."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chaos.host.ports import free_port
from tests.conftest import traces
from tests.midnight import Midnight
from tests.waiting import wait_until_listening
from tests.witness.served import environment

HERE = Path(__file__).parent

PYTHON = os.environ.get("MIDNIGHT_FOREIGN_PYTHON", sys.executable)
"""A Python that has the packages of the services."""

ITEMS = 500
"""Numbers that `{item}` in a path may become."""

QUICK = "{warm_up: 60, requests: 20, count: 3, rate: 80, idle: 1.5s, again: 0, bounds: {descriptors: 5}}"
SHORT = "{warm_up: 60, requests: 20, count: 3, rate: 40, idle: 1.5s, again: 0, bounds: {descriptors: 5, threads: 5}}"


def require(package: str) -> None:
    """Skip the test if the services' Python lacks the package."""
    if subprocess.run([PYTHON, "-c", f"import {package}"], capture_output=True, check=False).returncode:
        pytest.skip(f"{package} is not installed in MIDNIGHT_FOREIGN_PYTHON={PYTHON}: pip install {package}")


def line_of(source: str, leak: str) -> str:
    """`/path/to/source:44`: the line that ends with `leak: NAME`."""
    (found,) = [
        number
        for number, line in enumerate((HERE / source).read_text().splitlines(), 1)
        if line.endswith(f"leak: {leak}")
    ]
    return f"{HERE / source}:{found}"


@dataclass(frozen=True, slots=True)
class Service:
    """A running service; it has the witness if `witnessed`."""

    pid: int
    port: int
    witnessed: bool
    data: Path  # the file that it reads

    def get(self, path: str) -> int:
        """The status of one request."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return int(answer.status)


@contextmanager
def serving(place: Path, *argv: str, witness: bool = False) -> Iterator[Service]:
    """`ARGV...` with PORT replaced. A peer of this process's accepts nothing, and so keeps every connection."""
    port = free_port()
    data, answers = place / "data.txt", place / "answers"
    data.write_text("some data\n")
    answers.mkdir()
    with socket.create_server(("127.0.0.1", 0), backlog=4000) as peer, (place / "log").open("wb") as log:
        env = {
            **(environment(answers) if witness else os.environ),
            "SERVICE_DATA": str(data),
            "SERVICE_PEER": str(peer.getsockname()[1]),
            "SERVICE_PORT": str(port),
        }
        words = [word.replace("PORT", str(port)) for word in argv]
        process = subprocess.Popen(words, env=env, cwd=HERE, stdout=log, stderr=log)
        try:
            wait_until_listening(port)
            yield Service(process.pid, port, witness, data)
            assert process.poll() is None, (place / "log").read_text()
        finally:
            process.terminate()
            process.wait(30)
    assert list(answers.iterdir()) == []


def played(
    place: Path,
    service: Service,
    routes: Mapping[str, str] | Sequence[str],
    rounds: str = SHORT,
    pprof: str = "",
) -> Verdict:
    """Play rounds of these routes, by name and path."""
    paths = routes if isinstance(routes, Mapping) else {each: f"/{each}" for each in routes}
    midnight = Midnight(place)
    consent = "consent: {owner: The test, until: 2099-12-31" + (
        ", witness: true}" if service.witnessed else "}"
    )
    listed = "\n".join(
        f"  {name}: {{path: {json.dumps(path)}, items: {ITEMS}}}" for name, path in paths.items()
    )
    target = midnight.file(
        "shop.yaml",
        f"name: shop\ndriver: attach\n{consent}\n{pprof and f'pprof: {pprof}'}\nroutes:\n{listed}\noptions:\n"
        f"  base_url: http://127.0.0.1:{service.port}\n  processes: {{api: {{pid: {service.pid}}}}}\n",
    )
    experiment = midnight.file(
        "leaks.yaml",
        "name: shop-leaks\ntitle: What grows with the requests\nload:\n  timeout: 10s\n"
        f"  mix: {{{', '.join(f'{each}: 1' for each in paths)}}}\n"
        "  baseline: {for: 2s, rate: 20, availability: 90%, p99: 5s}\n"
        f"  rounds: {rounds}\nslos: [{{name: availability, availability: 99%}}]\n"
        "after_abort: 5s\n"
        "instrument: {lag: 900ms, run_delay: 100%}\n",  # others may be played beside it
    )
    done = midnight("run", experiment, "--target", target, "--json", timeout=600)
    try:
        document = json.loads(done.out)
    except json.JSONDecodeError:
        raise AssertionError((done.code, done.printed)) from None
    assert traces(midnight.run.id) == set()
    found = {each["name"]: each for each in document["findings"] if each["check"] == "leaks"}
    return Verdict(done.code, found, document)


@dataclass(frozen=True, slots=True)
class Verdict:
    code: int
    findings: dict[str, dict[str, Any]]  # of the check `leaks`, by name
    document: dict[str, Any]

    def of(self, outcome: str) -> set[str]:
        return {name for name, each in self.findings.items() if each["outcome"] == outcome}

    def of_check(self, check: str) -> list[dict[str, Any]]:
        return [dict(each) for each in self.document["findings"] if each["check"] == check]

    def rate(self, name: str) -> float:
        return float(self.findings[name]["measured"])

    def place(self, name: str) -> dict[str, Any]:
        """The first that explains a finding."""
        first, *_ = self.findings[name]["evidence"]["places"]
        return dict(first)
