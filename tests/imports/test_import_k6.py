"""`midnight import k6`: what can be seen of a script, and what is listed because it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaos.errors import FileError
from chaos.imports import importing
from chaos.imports.imported import Imported
from tests.imports.recorded import RECORDINGS, loaded, routes

HEAD = "import http from 'k6/http';\nconst BASE = 'http://127.0.0.1:8000';\n"


def script(tmp_path: Path, text: str) -> Imported:
    path = tmp_path / "load.js"
    path.write_text(HEAD + text)
    return importing.from_k6(str(path), None)


def shipped() -> Imported:
    return importing.from_k6(str(RECORDINGS / "load.js"), None)


def test_calls_become_routes_with_body_headers_timeout_and_checks(tmp_path: Path) -> None:
    target = loaded(shipped(), tmp_path / "load.yaml")
    order = target.routes["post-orders"]
    assert order.document == {"sku": "a-1", "n": 2, "at": "{now}", "id": "{uuid}"}
    token: Any = order.headers["Authorization"]
    assert (token.env, token.prefix, order.timeout) == ("API_TOKEN", "Bearer ", 10.0)
    assert (order.expect.status, order.expect.contains) == ((201,), ('"id"',))
    item = target.routes["get-items-item"]
    assert (item.path, item.items, item.query, item.expect.status) == (
        "/items/{item}",
        500,
        {"tag": "a b"},
        (200, 404),
    )
    assert {"get-a", "put-b", "get-c", "post-login"} <= set(target.routes)
    assert target.routes["put-b"].body == "plain text"
    assert target.options["base_url"] == "http://127.0.0.1:8000"


def test_no_password_of_a_script_is_written() -> None:
    written = importing.target(shipped(), 99, None)
    assert "correct-horse" not in written.text and "{user: ann, password: {secret: " in written.text


def test_what_only_a_run_would_show_is_listed_and_never_loaded(tmp_path: Path) -> None:
    found = shipped()
    assert (
        routes(found)["GET", "/orders/{row.id}"].off == "not known without running the script: res.json('id')"
    )
    assert routes(found)["PATCH", "/items/1"].off == "not known without running the script: data.patch"
    assert any("GET data.next" in note for note in found.notes)
    assert not {"get-orders-row-id", "patch-items-1"} & set(loaded(found, tmp_path / "a.yaml").routes)
    assert any(
        "a check that is not taken over: 'is fast'" in each for each in routes(found)["POST", "/orders"].notes
    )


def test_arrival_rates_are_taken_and_virtual_users_are_named() -> None:
    found = shipped()
    assert found.night is not None and found.day is not None
    assert (found.night.per_second, found.day.per_second) == (0.5, 80)
    assert any("'people' (ramping-vus) is a closed loop" in note for note in found.notes)


@pytest.mark.parametrize(
    ("call", "key"),
    [
        ("http.get(BASE + '/a' + '/b')", ("GET", "/a/b")),
        ("http.get(`${BASE}/a/${12}`)", ("GET", "/a/12")),
        ("http.get('http://other.example:81/x/y?z=1')", ("GET", "/x/y")),
        ("http.request('OPTIONS', BASE + '/o')", ("OPTIONS", "/o")),
        ("http.asyncRequest('PUT', `${BASE}/p`, 'x')", ("PUT", "/p")),
        ("http.get(`${BASE}/u/${uuidv4()}`)", ("GET", "/u/{uuid}")),
        ("http.get(`${BASE}/n/${Math.floor(Math.random() * 40) + 1}`)", ("GET", "/n/{item}")),
        ("http.get(`${BASE}/v/${__VU}`)", ("GET", "/v/{seq}")),
        ("const path = '/late'; http.get(BASE + path)", ("GET", "/late")),
        ("http.batch({ one: ['PUT', `${BASE}/d`, null] })", ("PUT", "/d")),
        ("http.get(`${__ENV.HOST}/e/${__ENV.KIND || 'dogs'}`)", ("GET", "/e/dogs")),
        ("http.head(`${BASE}/`, { cookies: { sid: 'abc' } })", ("HEAD", "/")),
    ],
)
def test_each_way_to_write_a_call_is_understood(tmp_path: Path, call: str, key: tuple[str, str]) -> None:
    found = script(tmp_path, f"export default function () {{ {call}; }}\n")
    assert set(routes(found)) == {key} and not found.routes[0].off


def test_a_name_that_is_assigned_twice_is_not_known(tmp_path: Path) -> None:
    found = script(tmp_path, "let p = '/a'; p = '/b'; http.get(BASE + p); http.get(BASE + '/c');\n")
    assert set(routes(found)) == {("GET", "/c")} or routes(found)["GET", "/{row.p}"].off


def test_calls_of_the_same_route_are_its_weight(tmp_path: Path) -> None:
    found = script(tmp_path, "http.get(BASE + '/a'); http.get(BASE + '/a'); http.get(BASE + '/b');\n")
    assert [(route.path, route.weight) for route in found.routes] == [("/a", 2), ("/b", 1)]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("const a = 1;\n", "not a k6 script: it does not import k6/http"),
        ("import http from 'k6/http';\nhttp.get(;\n", "not a k6 script: it is not JavaScript"),
        ("import http from 'k6/http';\nhttp.get(url());\n", "has no request whose address can be seen"),
    ],
)
def test_what_is_no_k6_script_is_refused(tmp_path: Path, text: str, rule: str) -> None:
    path = tmp_path / "load.js"
    path.write_text(text)
    with pytest.raises(FileError, match=rule):
        importing.from_k6(str(path), None)


def test_each_operation_of_graphql_is_a_route(tmp_path: Path) -> None:
    calls = [
        f"http.post(BASE + '/graphql', JSON.stringify({{query: 'query {name} {{ me }}'}}))"
        for name in ("A", "B")
    ]
    found = script(tmp_path, ";\n".join([*calls, *calls, ""]))
    assert [(route.identity[2], route.weight) for route in found.routes] == [("A", 2), ("B", 2)]


@pytest.mark.parametrize(
    "call",
    ["http.del(BASE + '/d')", "http.request('DELETE', BASE + '/d')", "http.batch([['DELETE', BASE + '/d']])"],
)
def test_a_route_that_deletes_is_a_comment(tmp_path: Path, call: str) -> None:
    written = importing.target(script(tmp_path, f"{call}; http.get(BASE + '/a');\n"), 9, None)
    assert written.off == ["delete-d"] and "# Mix, for an experiment: {get-a: 1}" in written.text
    assert "  # off: it deletes: remove the marks if that is meant\n  # delete-d:\n" in written.text


@pytest.mark.parametrize(
    "text",
    [
        "for (let i = 1; i <= 3; i++) http.get(BASE + `/pages/${i}`);",
        "let i = 3; while (i > 0) { --i; http.get(BASE + `/pages/${i}`); }",
        "let i = 3; for (i of [1, 2]) http.get(BASE + `/pages/${i}`);",
        "let i = 3; [i, j] = pair(); http.get(BASE + `/pages/${i}`);",
        "const i = 3; [1, 2].forEach(i => http.get(BASE + `/pages/${i}`));",
    ],
)
def test_a_counter_is_no_constant(tmp_path: Path, text: str) -> None:
    found = script(tmp_path, f"http.get(BASE + '/a');\n{text}\n")
    assert routes(found)["GET", "/pages/{row.i}"].off == "not known without running the script: i"


def test_what_is_counted_beside_a_constant_leaves_it_known(tmp_path: Path) -> None:
    found = script(tmp_path, "const n = 4; for (let i = 0; i < 3; i++) http.get(BASE + `/pages/${n}`);\n")
    assert not routes(found)["GET", "/pages/4"].off
