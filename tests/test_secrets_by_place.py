"""A literal secret in a cookie, header, body or command of a target file is refused; a reference to one is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.errors import FileError
from chaos.spec import yamlfile

RULE = "must not be a secret in plain text"


def document(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(f"read: {{{text}}}\n")
    return path


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("cookies: {sessionid: k3j4h5kj34h5kj34h5kq}", "cookies: sessionid"),
        ("cookies: {connect.sid: 's%3Ak3j4h5kj34h5'}", "cookies: connect.sid"),
        ("cookies: {thing: k3j4h5kj34h5kj34h5kqa}", "cookies: thing"),
        ('headers: {Cookie: "lang=en; sessionid=k3j4h5kj34h5kj34h5kq"}', "headers: Cookie"),
        ("headers: {cookie: 'auth_token=hunter2'}", "headers: cookie"),
        ("headers: {X-Auth: hunter2pw}", "headers: X-Auth"),
        ("headers: {X-Auth-Key: swordfish}", "headers: X-Auth-Key"),
        ("headers: {X-User: ghp_abcdefghijklmnopqrstuvwx}", "headers: X-User"),
        ("""body: '{"password": "hunter2pw"}'""", "body"),
        ("""body: '{"user": "ada", "pin": {item}, "api_key": 123456}'""", "body"),
        ("""body: 'mutation { login(user: "ada", password: "hunter2pw") { id } }'""", "body"),
        ("body: 'password=hunter2pw&user=ada'", "body"),
        ("body: '<a:Login><a:Password>hunter2pw</a:Password></a:Login>'", "body"),
        ("body: 'key AKIAABCDEFGHIJKLMNOP'", "body"),
        ("""file: {content: '{"secret": "hunter2pw"}'}""", "content"),
        ("argv: [mysqldump, -uroot, -phunter2pw]", "argv"),
        ("argv: [curl, -H, 'Authorization: Bearer abc', -u, 'ada:hunter2pw']", "argv"),
        ("argv: [curl, -H, 'Authorization: Bearer abc']", "argv"),
        ("argv: [curl, -u, 'ada:hunter2pw', 'http://127.0.0.1/']", "argv"),
        ("argv: [nightly, --db-password, hunter2pw]", "argv"),
        ("argv: [sh, -c, 'PGPASSWORD=hunter2pw psql -c vacuum']", "argv"),
        ("command: [nightly, --api-key=hunter2pw]", "command"),
    ],
)
def test_a_secret_is_refused_by_its_place_and_not_shown(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(FileError) as refused:
        yamlfile.read_mapping(document(tmp_path, text))
    assert f"{place}: {RULE}" in str(refused.value)
    assert "hunter2" not in str(refused.value) and "k3j4" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "cookies: {sid: a, lang: en, theme: dark-mode-of-2026, session: '{sid}', csrf: 's%3A{csrf}'}",
        "cookies: {sessionid: {env: SHOP_SESSION}, author: someone-of-2026}",
        'headers: {Cookie: "session={sid}; lang=en", X-Auth: "{token}", X-Auth-User: ada, X-Auth-Mode: basic}',
        "headers: {X-Auth: {env: SHOP_AUTH}, Accept: 'text/html;q=0.9', X-Request-Id: '{uuid}'}",
        "expect: {headers: {set-cookie: 'sessionid=k3j4h5kj34h5kj34h5kq'}}",
        """body: '{"password": "{row.password}", "token": "{token}", "max_tokens": 4096, "n": {item}}'""",
        """body: '{"query": "mutation ($pw: String!) { login(password: $pw) }", "next_token": null}'""",
        """body: '{"prompt": "Where do I find my password: in the vault?"}'""",
        "body: 'user=ada&password={row.password}'",
        "body: 'SELECT token FROM users WHERE id = {item}'",
        "body: '<Password>{token}</Password><Note>x</Note>'",
        "file: {content: '{payload}', name: password.txt}",
        "argv: [mysqldump, --defaults-file=/etc/my.cnf, -uroot, shop]",
        "argv: [nightly, --token-file=/run/token, --password-file, /run/pw, --max-tokens=4096, --rows, '{rows}']",
        "argv: [nightly, '--password={proxy.password}', --token, '{token}']",
        'argv: [sh, -c, \'curl -H "Authorization: Bearer $TOKEN" -u "ada:$PW" http://127.0.0.1/\']',
        "argv: [sh, -c, 'PGPASSWORD=$(cat /run/pw) psql -h db --password=${PW}; echo done']",
        "argv: [sh, -c, 'curl -H \"Cookie: sid=$SID\" http://127.0.0.1/']",
        "argv: [psql, 'postgresql://app@127.0.0.1/shop', -c, vacuum]",
        "argv: [job, --secret-name=shop, --api-key-id=7, --private-key, ./key.pem]",
    ],
)
def test_a_reference_or_another_value_stays_valid(tmp_path: Path, text: str) -> None:
    assert yamlfile.read_mapping(document(tmp_path, text))
