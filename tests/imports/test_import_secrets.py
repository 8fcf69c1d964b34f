"""Secrets of recordings that only their name, or a name inside a longer text, gives away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from chaos.imports import importing
from chaos.imports.imported import Imported, literal
from tests.imports.recorded import BASE, entry, har, loaded

FORM = "application/x-www-form-urlencoded"
LOGIN = 'mutation { login(user: "ada", password: "hunter2pw") { token } }'

HIDDEN_TEXTS = [
    LOGIN,
    'mutation M($user: String!) { login(user: $user, input: {pin: "hunter2pw"}) { id } }',
    'query { me(otp: """hunter2pw""") { id } }',
    '{"user": "ada", "password": "hunter2pw"}',
    r"{\"user\": \"ada\", \"passwords\": [\"hunter2pw\"]}",
    "grant_type=password&client_secret=hunter2pw",
    "see https://shop.example/back?code=hunter2pw&state=1",
    "<Envelope><wsse:Password Type='text'>hunter2pw</wsse:Password></Envelope>",
    "<auth><![CDATA[hunter2pw]]></auth>",
    "log in with 9f86d081884c7d659a2feaa0c55ad015 and hunter2pw",
]
KEPT_TEXTS = [
    "mutation L($email: String!, $password: String!) { login(email: $email, password: $password) { token } }",
    'query { country(code: "DE") { name state: region } }',
    "query A @live { me { token: accessToken } }",
    "fragment F on Session { token: value }",
    "state:open sort:key=asc",
    "<p>Use <code>make</code>, <key>Ctrl</key></p>",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUA",
    "Two orders: 12 and 13, at 10:15",
    "https://shop.example/items/4?page=2&sort=name",
]
HIDDEN = {
    "pw": "x1",
    "userPw": "x1",
    "mfa": "x1",
    "mfaCode": "x1",
    "totp": "x1",
    "user_otp": "x1",
    "card[cvc]": "x1",
    "card": "4111 1111 1111 1111",
    "card[number]": "4111111111111111",
    "number": "4111111111111111",
    "iban": "x1",
    "ssn": "x1",
    "pin_code": "x1",
    "licenseKey": "x1",
    "auth": "x1",
    "verificationCode": "x1",
}
KEPT = {
    "author": "ada",
    "option": "x1",
    "footprint": "x1",
    "className": "x1",
    "businessName": "x1",
    "otpMethod": "sms",
    "card": "visa",
    "pan": "45",
    "number": "2026112700001",
    "authenticated": "yes",
    "teamFactor": "x1",
}


def of_json(tmp_path: Path, document: object) -> Imported:
    body = ("application/json", json.dumps(document))
    return importing.from_har(str(har(tmp_path / "a.har", entry("POST", body=body))), None)


def of_script(tmp_path: Path, text: str) -> Imported:
    path = tmp_path / "load.js"
    path.write_text(f"import http from 'k6/http';\n{text}\n")
    return importing.from_k6(str(path), None)


def written(found: Imported) -> str:
    return importing.target(found, 99, None).text


@pytest.mark.parametrize("text", HIDDEN_TEXTS)
def test_a_secret_inside_a_text_is_not_written(tmp_path: Path, text: str) -> None:
    quoted = json.dumps(text)
    recordings = [
        of_json(tmp_path, {"query": text}),
        of_script(tmp_path, f"http.post('{BASE}/a', JSON.stringify({{query: {quoted}}}));"),
        of_script(tmp_path, f"http.post('{BASE}/a', {{q: {quoted}}}, {{headers: {{'X-Q': {quoted}}}}});"),
        importing.from_har(
            str(har(tmp_path / "b.har", entry(url=f"{BASE}/?{urlencode({'q': text})}"))), None
        ),
    ]
    for found in recordings:
        assert "hunter2pw" not in written(found)
        assert loaded(found, tmp_path / "a.yaml").routes and found.secrets


@pytest.mark.parametrize("text", KEPT_TEXTS)
def test_a_text_that_only_uses_such_names_is_kept(tmp_path: Path, text: str) -> None:
    found = of_json(tmp_path, {"q": text})
    assert not found.secrets and found.routes[0].request.body == {"json": {"q": literal(text)}}


@pytest.mark.parametrize(("name", "value"), HIDDEN.items())
def test_values_with_a_secret_name_become_references(tmp_path: Path, name: str, value: str) -> None:
    form = entry("PUT", body=(FORM, urlencode({name: value})))
    for found in (of_json(tmp_path, {name: value}), importing.from_har(str(har(tmp_path / "f", form)), None)):
        assert value not in written(found) and len(found.secrets) == 1


@pytest.mark.parametrize(("name", "value"), KEPT.items())
def test_names_that_only_contain_a_secret_one_are_kept(tmp_path: Path, name: str, value: str) -> None:
    found = of_json(tmp_path, {name: value})
    assert not found.secrets and found.routes[0].request.body == {"json": {name: value}}


def test_a_number_is_withheld_by_its_name(tmp_path: Path) -> None:
    given = {"pin": 4711, "otp": 123456, "card": 4111111111111111, "code": 200, "state": 3, "cards": 2}
    body = of_json(tmp_path, given).routes[0].request.body["json"]
    assert {name for name, value in body.items() if isinstance(value, dict)} == {"pin", "otp", "card"}


def test_json_that_is_declared_as_a_form_is_read_as_json(tmp_path: Path) -> None:
    sent = entry("POST", body=(FORM, '{"password": "hunter2pw", "n": 1}'))
    route = importing.from_har(str(har(tmp_path / "a.har", sent)), None).routes[0]
    assert route.request.body == {"json": {"password": {"secret": {"env": "TARGET_PASSWORD"}}, "n": 1}}
    assert route.request.headers == {"Content-Type": FORM}


@pytest.mark.parametrize(
    "call",
    [
        "http.post(B + '/a', JSON.stringify({q: `login(password: \"hunter2pw\", n: ${__ITER})`}))",
        'http.post(B + \'/a\', `{"password": "hunter2pw", "n": ${__ITER}}`)',
        "http.post(B + '/a', `n=${__ITER}&password=${__ENV.LOGIN || 'hunter2pw'}`)",
        "http.get(B + `/a?password=hunter2pw${__ITER}&x=1`)",
        "http.get(B + `/a?q=password%3Dhunter2pw+${__ITER}`)",
        "http.get(B + '/a', {headers: {'X-Login': `n=${__ITER} password=hunter2pw`}})",
        "http.get(B + `/a/${__ENV.API_KEY || 'hunter2pw'}`)",
        "check(http.get(B + '/a'), {ok: (r) => r.body.includes('password=hunter2pw')})",
    ],
)
def test_a_secret_beside_what_is_filled_in_is_not_written(tmp_path: Path, call: str) -> None:
    found = of_script(tmp_path, f"const B = '{BASE}';\n{call}; http.get(B + '/b');")
    text = written(found)
    assert "hunter2pw" not in text and "hunter2pw" not in str(found)
    assert "get-b" in loaded(found, tmp_path / "a.yaml").routes


def test_what_a_script_fills_in_stays_a_template(tmp_path: Path) -> None:
    found = of_script(
        tmp_path,
        f"http.post('{BASE}/a', JSON.stringify({{q: `title: ${{__ITER}}`}}), {{headers: {{'X-N': `n-${{__ITER}}`}}}});",
    )
    request = found.routes[0].request
    assert request.body == {"json": {"q": "title: {seq}"}} and request.headers == {"X-N": "n-{seq}"}


def test_a_body_that_is_a_variable_is_left_out_and_named(tmp_path: Path) -> None:
    found = of_script(tmp_path, f"http.post('{BASE}/a', __ENV.BODY);")
    assert any("write it with {secret: {env: NAME}}" in note for note in found.routes[0].notes)
    assert not loaded(found, tmp_path / "a.yaml").routes["post-a"].body


@pytest.mark.parametrize(
    "call",
    [
        "http.get(`http://ada:hunter2pw@localhost:8000/x`)",
        "http.get('http://ada:hunter2pw@localhost:8000/x?a=1')",
        "const h = 'http://ada:hunter2pw@localhost:8000'; http.get(`${h}/x`)",
        "const h = __ENV.H || 'http://ada:hunter2pw@localhost:8000'; http.get(`${h}/x`)",
        "http.get(`http://${__ENV.USER}:${__ENV.PASSWORD}@localhost:8000/x`)",
    ],
)
def test_a_login_in_the_address_of_a_script_becomes_a_header(tmp_path: Path, call: str) -> None:
    found = of_script(tmp_path, f"{call}; http.get('http://localhost:8000/y');")
    target = loaded(found, tmp_path / "a.yaml")
    header: Any = target.routes["get-x"].headers["Authorization"]
    assert (header.env, header.prefix) == ("TARGET_AUTHORIZATION", "Basic ")
    assert target.options["base_url"] == "http://localhost:8000"
    assert "Authorization" not in target.routes["get-y"].headers
    assert "hunter2pw" not in written(found) and "ada" not in written(found)


def test_a_header_of_the_script_wins_over_the_login_of_its_address(tmp_path: Path) -> None:
    sent = "{headers: {authorization: `Bearer ${__ENV.TOKEN}`}}"
    found = of_script(tmp_path, f"http.get('http://ada:hunter2pw@localhost:8000/x', {sent});")
    assert list(found.routes[0].request.headers.values()) == [{"env": "TOKEN", "prefix": "Bearer "}]


def test_a_password_with_a_slash_hides_the_address(tmp_path: Path) -> None:
    found = of_script(tmp_path, f"http.get('http://ada:hunter2pw/x@localhost/x'); http.get('{BASE}/y');")
    assert [route.path for route in found.routes] == ["/y"] and "hunter2pw" not in str(found)


@pytest.mark.parametrize(
    "head",
    [
        {"openapi": "3.0.0", "servers": [{"url": "https://ada:hunter2pw@{host}/v1?k=hunter2pw"}]},
        {"openapi": "3.0.0", "servers": [{"url": "//ada:hunter2pw@host/v1"}]},
        {"swagger": "2.0", "host": "ada:hunter2pw@host", "basePath": "/v1"},
    ],
)
def test_a_login_in_the_address_of_a_server_becomes_a_header(tmp_path: Path, head: dict[str, Any]) -> None:
    path = tmp_path / "api.json"
    secured: dict[str, Any] = {"get": {"security": [{"key": []}]}}
    schemes = {"key": {"type": "http", "scheme": "bearer"}}
    holder = {"securityDefinitions": schemes, "components": {"securitySchemes": schemes}}
    path.write_text(json.dumps({**head, **holder, "paths": {"/a": {"get": {}}, "/b": secured}}))
    found = importing.from_openapi(str(path), None)
    headers = [route.request.headers["Authorization"] for route in found.routes]
    assert headers == [
        {"env": "TARGET_AUTHORIZATION", "prefix": "Basic "},
        {"env": "TARGET_KEY", "prefix": "Bearer "},
    ]
    assert found.base_url == loaded(found, tmp_path / "a.yaml").options["base_url"] == "https://host/v1"
    assert "hunter2pw" not in written(found) and "ada" not in written(found)


@pytest.mark.parametrize(
    "document",
    [
        {"fields": [{"name": "password", "value": "hunter2pw"}]},
        {"password": {"value": "hunter2pw"}},
        {"token": {"Value": "hunter2pw"}},
    ],
)
def test_the_name_beside_or_above_a_value_counts(tmp_path: Path, document: dict[str, Any]) -> None:
    call = f"http.post('{BASE}/a', JSON.stringify({json.dumps(document)}));"
    for found in (of_json(tmp_path, document), of_script(tmp_path, call)):
        assert "hunter2pw" not in written(found) and found.secrets


def test_a_value_beside_another_name_is_kept(tmp_path: Path) -> None:
    document = {
        "state": {"value": "CA"},
        "all": [{"name": "Password policy", "value": "strict"}, {"value": 3}],
    }
    assert of_json(tmp_path, document).routes[0].request.body == {"json": document}


def test_different_logins_have_different_variables(tmp_path: Path) -> None:
    calls = [f"http.get('http://{user}:hunter2pw@localhost:8000/{user}');" for user in ("ann", "bob", "ann")]
    assert list(of_script(tmp_path, "\n".join(calls)).secrets) == [
        "TARGET_AUTHORIZATION",
        "TARGET_AUTHORIZATION_2",
    ]


def test_a_variable_that_takes_a_whole_text_is_listed_as_such(tmp_path: Path) -> None:
    found = of_json(tmp_path, {"query": LOGIN, "password": "x"})
    assert found.secrets == {
        "TARGET_QUERY": "body: query, the whole text: a part of it is a secret",
        "TARGET_PASSWORD": "body: password",
    }
