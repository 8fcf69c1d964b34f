"""Each mistake of the profile `leaky` keeps exactly what its line says; each twin fills to its bound."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from targets.reference.model_cache import ModelCache
from targets.reference.settings import LeakSettings, TwinSettings
from tests.accepting import answering
from tests.midnight import PROJECT
from tests.reference.stack import TARGETS

LEAKS = list(LeakSettings.model_fields)
POOLS = [*("files", "clients", "threads", "greenlets")]
TASKS = ["threads", "greenlets"]


class Provider(BaseHTTPRequestHandler):
    """A model that answers at once."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"text": "a title"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    with answering(Provider) as url:
        yield url


@pytest.fixture(scope="module")
def grown(model: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    """What each case kept of each of its doses of requests."""
    argv = [
        sys.executable,
        "-m",
        "tests.reference.habit_counts",
        str(tmp_path_factory.mktemp("counts")),
        model,
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=PROJECT, timeout=120)
    assert done.returncode == 0, done.stderr
    counts: dict[str, list[int]] = json.loads(done.stdout)
    return counts


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_keeps_exactly_one_thing_per_request(grown: dict[str, list[int]], name: str) -> None:
    assert grown[f"leaks.{name}"] == [100, 100]


@pytest.mark.parametrize("name", LEAKS)
def test_a_slow_leak_keeps_exactly_one_thing_in_fifty_requests(
    grown: dict[str, list[int]], name: str
) -> None:
    assert grown[f"leaks.{name} at one in fifty"] == [2, 2]


@pytest.mark.parametrize("name", POOLS)
def test_a_twin_fills_to_ten_and_takes_no_more(grown: dict[str, list[int]], name: str) -> None:
    assert grown[f"twins.{name}"] == [10, 0]


@pytest.mark.parametrize("name", ["contexts", "models"])
def test_a_twin_that_keeps_the_latest_fills_to_a_thousand(grown: dict[str, list[int]], name: str) -> None:
    entries = sum(grown[f"leaks.{name}"]) + sum(grown[f"leaks.{name} at one in fifty"])
    # both count in one gauge, which shows the twin's from its first entry on
    assert grown[f"twins.{name}"] == [1000 - entries, 0]


def test_clients_that_are_not_kept_leave_no_connection_once_collected(grown: dict[str, list[int]]) -> None:
    assert grown["twins.unclosed"] == [0, 0]


def test_a_fragmented_heap_holds_no_more_blocks_than_its_bound(grown: dict[str, list[int]]) -> None:
    filled, after = grown["twins.fragments"]
    assert filled >= 7500 and abs(after) < 75, (
        "75,000 rows are read each time, of which 750 are kept ten times"
    )


def test_a_session_is_kept_only_if_the_client_goes_before_the_end(grown: dict[str, list[int]]) -> None:
    assert grown["leaks.sessions read to the end"] == [0]
    assert grown["no leak, client gone"] == [0]


def test_every_leak_has_one_marked_line_and_every_endless_task_the_line_on_which_it_waits() -> None:
    text = "\n".join(file.read_text() for file in (TARGETS / "reference").glob("*.py"))
    assert sorted(re.findall(r"  # leak: (\w+)$", text, re.M)) == sorted(LEAKS)
    assert sorted(re.findall(r"  # waits: (\w+)$", text, re.M)) == sorted(TASKS)


def test_the_docs_list_every_leak_and_every_twin() -> None:
    page = (PROJECT / "docs/leaks.md").read_text()
    section = page.partition("<!-- reference -->")[2].partition("<!-- /reference -->")[0]
    leaks, twins = section.split("**Twins.**")
    for part, known in ((leaks, LeakSettings), (twins, TwinSettings)):
        assert sorted(re.findall(r"^\| `(\w+)` \|", part, re.M)) == sorted(known.model_fields)


def test_the_model_cache_holds_no_more_than_its_entries_and_drops_the_oldest_first() -> None:
    cache = ModelCache(ttl=3600.0, entries=1000)
    first, last = cache.prepared(1), None
    for document in range(1, 1501):
        last = cache.prepared(document)
    assert len(cache) == 1000
    assert cache.prepared(1500) is last
    assert cache.prepared(1) is not first


def test_a_model_is_prepared_again_once_its_time_has_passed() -> None:
    clock = [0.0]
    cache = ModelCache(ttl=3600.0, entries=1000, now=lambda: clock[0])
    first = cache.prepared(1)
    clock[0] = 3600.0
    assert cache.prepared(1) is first
    clock[0] = 3600.1
    assert cache.prepared(1) is not first and len(cache) == 1
