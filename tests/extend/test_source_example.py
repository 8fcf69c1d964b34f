"""The leak detector of docs/extend/source.md: installed, it samples a service, judges it, and its figure is kept."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaos.record.journal import Journal
from tests.attach.files import CONSENT
from tests.extend.installing import Installed, install

FIGURE = "descriptors_per_request"


@pytest.fixture
def midnight(tmp_path: Path) -> Installed:
    return install("source", tmp_path)


@contextmanager
def service(midnight: Installed, files: str) -> Iterator[str]:
    """The path of a target file for a service that keeps or closes the `files` it opens."""
    argv = [sys.executable, str(Path(__file__).with_name("leaking.py")), files]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        options = (
            f"options:\n  base_url: http://127.0.0.1:{port}\n  processes: {{api: {{pid: {process.pid}}}}}\n"
        )
        yield midnight.file(
            "shop.yaml", f"name: shop\ndriver: attach\n{CONSENT}routes: {{read: {{path: /}}}}\n{options}"
        )
        process.kill()


@pytest.mark.real
@pytest.mark.wide
@pytest.mark.parametrize(("files", "code", "outcome"), [("keep", 1, "fail"), ("close", 0, "pass")])
def test_a_service_that_leaks_fails_and_its_figure_is_everywhere(
    midnight: Installed, files: str, code: int, outcome: str
) -> None:
    with service(midnight, files) as target:
        done = midnight("run", midnight.experiment("leak.yaml"), "--target", target)
    assert (done.code, midnight.outcomes()["descriptors: descriptors"]) == (code, outcome), (
        done.err + done.out
    )
    assert len(Journal(midnight.run).series("descriptors", "open").at) > 20
    value = midnight.verdict["figures"][FIGURE]
    assert value == pytest.approx(1 if files == "keep" else 0, abs=0.15)

    assert "descriptors per request" in midnight.run.report.read_text()
    assert "descriptors per request" in midnight("runs").out.splitlines()[0]
    (trend,) = json.loads(midnight("trend", "leak", "--json").out)
    assert [each["values"] for each in trend["figures"] if each["figure"] == FIGURE] == [[value]]

    lacking = midnight.lacking()
    assert lacking("judge", str(midnight.run.path)).code == 0
    (stored,) = json.loads(lacking("runs", "--json").out)
    assert stored["figures"][FIGURE] == value
    assert FIGURE not in lacking("trend", "leak", "--json").out


def test_its_own_tests_and_the_contract_pass(midnight: Installed) -> None:
    assert "skipped" not in midnight.test("descriptors", FIGURE)
