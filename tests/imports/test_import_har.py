"""`midnight import har`: what is kept of a recording, and what is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chaos.imports import importing
from chaos.imports.imported import Imported
from tests.imports.recorded import BASE, entry, har, loaded, routes

SECRETS = [
    "hunter2-is-long",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "sk-live-4eC39HqLyjWDarjtT1zdp7dc",
    "AKIAIOSFODNN7EXAMPLE",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "Zm9vYmFyQmF6MTIzNDU2Nzg5MA",
]


def imported(tmp_path: Path, *entries: dict[str, object], base_url: str | None = None) -> Imported:
    return importing.from_har(str(har(tmp_path / "shop.har", *entries)), base_url)


def test_numbers_and_uuids_in_a_path_become_names(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        *(entry(url=f"{BASE}/users/{number}/orders") for number in (3, 17, 8)),
        entry(url=f"{BASE}/orders/550e8400-e29b-41d4-a716-446655440000.json"),
        entry(url=f"{BASE}/archive/2026-11-27"),
    )
    assert {key: route.weight for key, route in routes(found).items()} == {
        ("GET", "/users/{item}/orders"): 3,
        ("GET", "/orders/{uuid}.json"): 1,
        ("GET", "/archive/2026-11-27"): 1,
    }
    assert routes(found)["GET", "/users/{item}/orders"].items == 17


def test_query_and_body_are_kept_with_their_braces_doubled(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        entry(url=f"{BASE}/search?q=a+b&tag=x&tag=%7By%7D&empty="),
        entry(
            "POST",
            f"{BASE}/items",
            201,
            body=("application/json", '{"t": "{name}", "n": [1, null, {"a": true}]}'),
        ),
        entry("PUT", f"{BASE}/form", body=("application/x-www-form-urlencoded", "a=1&b=two+words")),
        entry("POST", f"{BASE}/text", body=("text/csv", "a,b\n1,2\n")),
    )
    target = loaded(found, tmp_path / "shop.yaml")
    assert target.routes["get-search"].query == {"q": "a b", "tag": ["x", "{{y}}"], "empty": ""}
    assert target.routes["post-items"].document == {"t": "{{name}}", "n": [1, None, {"a": True}]}
    assert target.routes["post-items"].expect.status == (201,)
    assert target.routes["put-form"].form == {"a": "1", "b": "two words"}
    assert target.routes["post-text"].body == "a,b\n1,2\n"
    assert target.routes["post-text"].headers == {"Content-Type": "text/csv"}


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_of_a_recording_is_written(tmp_path: Path, secret: str) -> None:
    found = imported(
        tmp_path,
        entry(
            "POST",
            f"{BASE}/reset/{secret}?token={secret}&x={secret}&{secret}",
            headers={
                "Authorization": f"Bearer {secret}",
                "Cookie": f"sid={secret}; b={secret}",
                "X-Csrf": secret,
                "Referer": f"{BASE}/?t={secret}",
            },
            body=(
                "application/json",
                f'{{"password": "{secret}", "deep": [{{"api_key": "{secret}"}}], "{secret}": 1}}',
            ),
        ),
        entry(
            "POST", f"{BASE}/form", body=("application/x-www-form-urlencoded", f"user=ann&password={secret}")
        ),
        entry("POST", f"{BASE}/text", body=("text/plain", f"user=ann password={secret}")),
    )
    path = tmp_path / "shop.yaml"
    target = loaded(found, path)
    said = "\n".join([*found.notes, *found.left_out, *found.secrets, *found.secrets.values()])
    hidden = secret if secret != SECRETS[0] else f"/{secret}"  # a word in a path may be any word
    assert hidden not in path.read_text().replace(f"/reset{hidden}", "") + said
    assert target.routes["post-form"].form == {
        "user": "ann",
        "password": {"secret": {"env": "TARGET_PASSWORD"}},
    }


def test_other_hosts_and_static_files_are_left_out_and_counted(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        entry(),
        entry(),
        entry(url="https://stats.example/collect"),
        entry(url=f"{BASE}/app.js"),
        entry(url=f"{BASE}/logo", _resourceType="image"),
        entry("OPTIONS"),
        entry(url="wss://x.example/live"),
        entry(url=f"{BASE}/healthz"),
    )
    assert set(routes(found)) == {("GET", "/items")}
    assert found.base_url == BASE
    assert "other hosts: https://stats.example (1)" in found.left_out
    assert "static files: 2 requests" in found.left_out


def test_a_base_url_with_a_path_takes_what_is_below_it(tmp_path: Path) -> None:
    entries = [
        entry(url="https://a.example/api/v1/items"),
        entry(url="https://a.example/api/v10"),
        entry(),
        entry(),
    ]
    found = imported(tmp_path, *entries, base_url="https://a.example/api/v1/")
    assert set(routes(found)) == {("GET", "/items")}
    assert "# allow: [a.example]" in importing.target(found, 9, None).text


def test_an_uploaded_file_is_replaced_by_the_payload(tmp_path: Path) -> None:
    text = (
        '--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nhello\r\n'
        '--b\r\nContent-Disposition: form-data; name="doc"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
        "secret content\r\n--b--\r\n"
    )
    found = imported(tmp_path, entry("POST", f"{BASE}/up", body=("multipart/form-data; boundary=b", text)))
    route = loaded(found, tmp_path / "shop.yaml").routes["post-up"]
    assert route.form == {"title": "hello"} and route.file is not None
    assert (route.file.field, route.file.name, route.file.content) == ("doc", "a.pdf", "{payload}")


def test_a_binary_body_is_named_and_left_out(tmp_path: Path) -> None:
    binary = entry("POST", f"{BASE}/raw", body=("application/octet-stream", "/+8AAQ=="))
    binary["request"]["postData"]["encoding"] = "base64"
    found = imported(tmp_path, binary)
    assert not found.routes[0].request.body
    assert any("binary (base64)" in note for note in found.routes[0].notes)


def test_a_route_that_deletes_is_a_comment(tmp_path: Path) -> None:
    found = imported(tmp_path, entry(), entry("DELETE", f"{BASE}/items/3", 204))
    written = importing.target(found, 9, None)
    assert written.off == ["delete-items-item"]
    assert (
        "  # delete-items-item:" in written.text and "delete" not in loaded(found, tmp_path / "a.yaml").routes
    )


def test_a_unique_key_is_another_one_for_each_request(tmp_path: Path) -> None:
    key = "123e4567-e89b-42d3-a456-426614174000"
    found = imported(tmp_path, entry("POST", headers={"Idempotency-Key": key, "X-Version": "3"}))
    assert found.routes[0].request.headers == {"Idempotency-Key": "{uuid}", "X-Version": "3"}


def test_a_route_that_was_only_answered_from_the_cache_or_in_parts_can_be_loaded(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        entry(status=304, headers={"If-None-Match": '"x"'}),
        entry(url=f"{BASE}/video", status=206, headers={"Range": "bytes=0-"}),
    )
    assert {route.path: route.statuses for route in found.routes} == {"/items": (200,), "/video": (200, 206)}
    assert not any(route.request.headers for route in found.routes)


def test_the_request_that_was_answered_is_taken_and_not_the_one_that_was_refused(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        entry(url=f"{BASE}/me", status=401, headers={"X-Api-Key": "an-old-one"}),
        entry(url=f"{BASE}/me", status=304, headers={"Authorization": "Bearer abcdefgh"}),
        entry(url=f"{BASE}/me", headers={"Authorization": "Bearer abcdefg"}),
    )
    (route,) = found.routes
    assert route.request.headers["Authorization"]["prefix"] == "Bearer " and route.weight == 3
    assert "X-Api-Key" not in route.request.headers and route.statuses == (200,)


def test_only_variables_that_a_line_uses_are_listed(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        entry(url=f"{BASE}/me", status=401, headers={"X-Api-Key": "an-old-one"}),
        entry(url=f"{BASE}/me", headers={"Authorization": "Bearer abcdefg"}),
        entry("DELETE", f"{BASE}/me", 204, headers={"X-Csrf": "another"}),
    )
    written = importing.target(found, 99, None)
    assert list(written.imported.secrets) == ["TARGET_AUTHORIZATION", "TARGET_X_CSRF"]
    assert "API_KEY" not in written.text and "#   TARGET_X_CSRF: header X-Csrf" in written.text


def graphql(name: str, query: str, **more: object) -> dict[str, object]:
    document = {"query": query, **({"operationName": name} if name else {}), **more}
    return entry("POST", f"{BASE}/graphql", body=("application/json", json.dumps(document)))


def test_each_operation_of_graphql_is_a_route(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        graphql("Me", "query Me { me { name } }"),
        graphql("Add", "mutation Add($n: Int) { add(n: $n) { id } }", variables={"n": 1}),
        graphql("Add", "mutation Add($n: Int) { add(n: $n) { id } }", variables={"n": 2}),
        graphql("", "# the cart\nquery Cart @live { cart { id } }"),
        graphql("", "{ shop { name } }"),
        entry(url=f"{BASE}/graphql?operationName=Me&query=query+Me+%7B+me+%7D"),
        entry("POST", body=("application/json", '{"query": "query two words"}')),
        entry("POST", body=("application/json", '{"operationName": "rename", "n": 1}')),
    )
    path = tmp_path / "shop.yaml"
    target = loaded(found, path)
    document: Any = target.routes["post-graphql-add"].document
    assert document["variables"] == {"n": 1}
    assert {
        route.identity[2]: route.weight for route in found.routes if route.key == ("POST", "/graphql")
    } == {
        "Me": 1,
        "Add": 2,
        "Cart": 1,
        "": 1,
    }
    assert set(target.routes) == {
        "post-graphql-me",
        "post-graphql-add",
        "post-graphql-cart",
        "post-graphql",
        "get-graphql-me",
        "post-items",
    }
    again = importing.target(found, 99, path)
    assert not again.added and set(again.there) == set(target.routes)
