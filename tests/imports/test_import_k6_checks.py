"""`midnight import k6`: each check belongs to the request whose answer is checked there."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.imports import importing
from chaos.imports.imported import Imported

HEAD = "import http from 'k6/http';\nimport { check } from 'k6';\nconst B = 'http://127.0.0.1:8000';\n"


def script(tmp_path: Path, text: str) -> Imported:
    path = tmp_path / "load.js"
    path.write_text(HEAD + text)
    return importing.from_k6(str(path), None)


def ok(status: int) -> str:
    return f"{{ok: (r) => r.status === {status}}}"


GET, POST = "http.get(B + '/a')", "http.post(B + '/b')"


@pytest.mark.parametrize(
    ("text", "statuses"),
    [
        (f"let r = {GET}; check(r, {ok(200)}); r = {POST}; check(r, {ok(201)});", [200, 201]),
        (f"let r; r = {GET}; check(r, {ok(200)}); r = {POST}; check(r, {ok(201)});", [200, 201]),
        (f"r = {GET}; check(r, {ok(200)}); r = {POST}; check(r, {ok(201)});", [200, 201]),
        (f"var r = {GET}; check(r, {ok(200)}); var r = {POST}; check(r, {ok(201)});", [200, 201]),
        (f"let r = {GET}; r = {POST}; check(r, {ok(201)});", [None, 201]),
        (f"let r = {GET}; r = r.json(); check(r, {ok(201)}); {POST};", [None, None]),
        (f"const r = {GET}; {{ const r = {POST}; check(r, {ok(201)}); }}", [None, 201]),
        (f"const r = {GET}; {{ const r = {POST}; }} check(r, {ok(200)});", [200, None]),
        (f"const r = {GET}; {{ let r; r = {POST}; check(r, {ok(201)}); }} check(r, {ok(200)});", [200, 201]),
        (f"const r = {GET}; list.forEach((r) => check(r, {ok(404)})); {POST};", [None, None]),
        (f"const r = {GET}; list.forEach(r => {{ check(r, {ok(404)}) }}); {POST};", [None, None]),
        (f"const r = {GET}; list.forEach(() => check(r, {ok(200)})); {POST};", [200, None]),
        (
            f"let r; if (x) {{ r = {GET}; check(r, {ok(200)}); }} else {{ r = {POST}; check(r, {ok(201)}); }}",
            [200, 201],
        ),
        (f"let r; if (x) {{ r = {GET}; }} else {{ r = {POST}; }} check(r, {ok(200)});", [200, 200]),
        (f"let r; if (x) r = {GET}; else r = {POST}; check(r, {ok(200)});", [200, 200]),
        (f"let r = {GET}; if (x) {{ r = {POST}; }} check(r, {ok(200)});", [200, 200]),
        (
            f"let r; group('a', () => {{ r = {GET}; check(r, {ok(200)}); }});"
            f"group('b', function () {{ r = {POST}; }}); check(r, {ok(201)});",
            [200, 201],
        ),
        (f"let r; if (x) {{ r = {GET}; r = {POST}; }} check(r, {ok(201)});", [None, 201]),
        (f"const r = await {GET}; check(r, {ok(200)}); {POST};", [200, None]),
        (f"check({GET}, {ok(200)}); check({POST}, {ok(201)});", [200, 201]),
        (f"const good = check({GET}, {ok(200)}) && check({POST}, {ok(201)});", [200, 201]),
    ],
)
def test_a_check_belongs_to_the_request_before_it(
    tmp_path: Path, text: str, statuses: list[int | None]
) -> None:
    found = script(tmp_path, f"export default async function () {{ {text} }}\n")
    expected = [() if each is None else (each,) for each in statuses]
    assert [route.statuses for route in sorted(found.routes, key=lambda each: each.path)] == expected


def test_checks_of_one_answer_are_joined(tmp_path: Path) -> None:
    found = script(tmp_path, f"const r = {GET};\ncheck(r, {ok(200)}); other(); check(r, {ok(404)});\n")
    assert found.routes[0].statuses == (200, 404)
