"""Routes that are known, filled in and recorded, are the routes that are imported."""

from __future__ import annotations

import json
import random
import string
import tempfile
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.imports import importing, unwanted
from chaos.imports.imported import Imported, literal
from tests.imports.recorded import entry, loaded, routes

WORDS = st.text(string.ascii_lowercase + "-_ ü", min_size=1, max_size=8).filter(
    lambda word: word.strip("-_ ") != ""
)
PARTS = st.one_of(WORDS, st.sampled_from(["{item}", "{uuid}", "{item}.json"]))
TEMPLATES = st.lists(PARTS, min_size=1, max_size=5).map(
    lambda parts: "/" + "/".join(part if "{" in part else quote(part, safe="") for part in parts)
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH"])
KEYS = st.tuples(METHODS, TEMPLATES).filter(lambda key: unwanted.why(*key) is None)
MIX = st.dictionaries(KEYS, st.integers(1, 4), min_size=1, max_size=8)
PLAIN = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3),
    max_leaves=8,
)


def recorded(mix: dict[tuple[str, str], int], seed: int) -> list[tuple[str, str]]:
    """Requests of these routes in any order, with numbers and UUIDs filled in."""
    chance = random.Random(seed)
    found = []
    for (method, template), times in mix.items():
        for _ in range(times):
            path = template.replace("{item}", str(chance.randint(1, 999)))
            found.append(
                (method, path.replace("{uuid}", str(uuid.UUID(int=chance.getrandbits(128), version=4))))
            )
    chance.shuffle(found)
    return found


def weights(found: Imported) -> Counter[tuple[str, str]]:
    return Counter({key: int(route.weight) for key, route in routes(found).items()})


@settings(max_examples=40)
@given(mix=MIX, seed=st.integers(0, 99))
def test_routes_of_a_har_are_those_that_were_recorded(mix: dict[tuple[str, str], int], seed: int) -> None:
    entries = [entry(method, f"http://127.0.0.1:8000{path}") for method, path in recorded(mix, seed)]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "a.har"
        path.write_text(json.dumps({"log": {"entries": entries}}))
        found = importing.from_har(str(path), None)
        assert weights(found) == Counter(mix)
        target = loaded(found, Path(directory) / "a.yaml")
    assert {(route.method, route.path) for route in target.routes.values()} == set(mix)


@settings(max_examples=40)
@given(mix=MIX, seed=st.integers(0, 99), gap=st.integers(1, 3000))
def test_routes_and_rates_of_an_access_log_are_those_that_were_recorded(
    mix: dict[tuple[str, str], int], seed: int, gap: int
) -> None:
    at, lines, hours = datetime(2026, 11, 27, tzinfo=UTC), [], Counter[str]()
    for method, target in recorded(mix, seed):
        lines.append(f'1.1.1.1 - - [{at:%d/%b/%Y:%H:%M:%S %z}] "{method} {target} HTTP/1.1" 200 5\n')
        hours[f"{at:%Y-%m-%d %H}:00"] += 1
        at += timedelta(seconds=gap)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "access.log"
        path.write_text("".join(lines))
        found = importing.from_access_log([str(path)], None, None)
        loaded(found, Path(directory) / "a.yaml")
    assert weights(found) == Counter(mix)
    whole = [rate for rate in found.hours if "on record" not in rate.because]
    assert all(round(rate.per_second * 3600) == hours[rate.because[:16]] for rate in whole)


@settings(max_examples=40)
@given(
    body=st.dictionaries(PLAIN, BODIES, max_size=4),
    query=st.dictionaries(PLAIN.filter(bool), PLAIN, max_size=3),
)
def test_a_body_and_a_query_are_written_as_they_were_recorded(
    body: dict[str, object], query: dict[str, str]
) -> None:
    asked = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query.items())
    sent = entry("POST", f"http://127.0.0.1:8000/a?{asked}", body=("application/json", json.dumps(body)))
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "a.har"
        path.write_text(json.dumps({"log": {"entries": [sent]}}))
        (route,) = loaded(importing.from_har(str(path), None), Path(directory) / "a.yaml").routes.values()
    assert route.document == _doubled(body)
    assert route.query == _doubled(query)


def _doubled(value: object) -> object:
    if isinstance(value, dict):
        return {literal(key): _doubled(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_doubled(each) for each in value]
    return literal(value) if isinstance(value, str) else value
