"""What docs/own-service.md shows of the ledger can be typed as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chaos.errors import FileError
from chaos.spec.target import load
from tests.midnight import PROJECT

TEXT = (PROJECT / "docs/own-service.md").read_text()
SECTION = re.split(r"^## ", TEXT.partition("\n## Ledger\n")[2], flags=re.M)[0]
BLOCKS = re.findall(r"```yaml\n(.*?)```", SECTION, re.S)
MOST = "name: shop\ndriver: attach\n"


@pytest.mark.parametrize("read", BLOCKS[1:], ids=lambda block: block[6:25])
def test_each_way_to_read_back_is_valid_in_the_route_that_is_shown(tmp_path: Path, read: str) -> None:
    file, route = tmp_path / "shop.yaml", BLOCKS[0]
    file.write_text(MOST + route)
    load(file)
    written = read.replace("\n", "\n      ").rstrip()
    route = re.sub(r" +payload: \$.*\n", "", re.sub(r"read: .*", written, route))
    file.write_text(MOST + route)
    assert load(file).routes["add"].ledger is not None


@pytest.mark.parametrize(
    ("page", "path"),
    [
        ("cursor: $.next", "/a?c={cursor}"),
        ("cursor: $.next", "/a"),
        ("offset: 100", "/a?o={offset}&n={limit}"),
        ("offset: 100", "/a?p={page}"),
        ("link: true", "/a"),
        ("after: key, last: $.last", "/a?a={after}"),
    ],
)
def test_each_kind_of_page_is_valid(tmp_path: Path, page: str, path: str) -> None:
    file = tmp_path / "shop.yaml"
    read = f'read: {{list: "{path}", keys: "$.items[*].id", page: {{{page}}}}}'
    file.write_text(MOST + re.sub(r" +payload: \$.*\n", "", re.sub(r"read: .*", read, BLOCKS[0])))
    load(file)


SHORT = {
    "GET": 'read: {get: "/items/{key}"}',
    "LIST": 'payload: "$.items[*].note", read: {list: /items, keys: "$.items[*].id"',
    "SQL": 'read: {sql: "select id from items where id = any(%s)"',
}
WRONG = """\
{key: id, GET} | key: must hold {seq} or {uuid}, or be a JSONPath into the answer such as $.id
{key: "{uid}", GET} | key: {uid} is not filled here; did you mean uuid?
{key: "{seq}", GET} | key: {seq} is nowhere in the request
{key: "$.a[*]", GET} | key: must lead to one value
{key: "$.a[", GET} | key: must be a JSONPath
{key: "{uuid}"} | read: is required
{key: "{uuid}", SQL, get: "/{key}"}} | read: must be one of {get:
{key: "{uuid}", read: {get: /items}} | read: get: needs {key} where the key goes
{key: "{uuid}", read: {get: "/a/{key}", keys: $.a}} | read: keys: is only for list
{key: "{uuid}", read: {get: "/a/{key}", missing: {}}} | read: missing: must say more than any 2xx
{key: "{uuid}", read: {get: "/a/{key}", missing: [400, 503]}} | read: missing: status: 503 says nothing about a record
{key: "{uuid}", read: {get: "/a/{key}", missing: 401}} | read: missing: status: 401 says nothing about a record
{key: "{uuid}", read: {get: "/a/{key}", missing: {contains: "{uuid}"}}} | read: missing: contains: {uuid} is not filled
{key: "{uuid}", read: {list: /a, keys: "$[*]", missing: 400}} | read: missing: is only for get
{key: "{uuid}", read: {list: /items}} | read: list: needs `keys`
{key: "{uuid}", read: {list: /items, keys: $.id}} | read: keys: must go through a list
{key: "{uuid}", payload: $.a, read: {list: /a, keys: "$.b[*]"}} | payload: must go through the same list
{key: "{uuid}", LIST, page: {offset: 3}}} | read: page: needs {offset} or {page} in the path
{key: "{uuid}", LIST, page: {link: true, offset: 3}}} | read: page: must be one of {cursor
{key: "{uuid}", read: {list: "/a?c={cursor}", keys: "$[*]"}} | read: list: {cursor} is not filled: add page: {cursor:
{key: "{uuid}", payload: $.a, SQL}} | payload: is not for sql: the second column
{key: "{uuid}", read: {sql: "delete from a where id in (%s)"}} | read: sql: must be one statement that only reads
{key: "{uuid}", read: {sql: "select 1"}} | read: sql: must have %s once
{key: "{uuid}", read: {sql: "select a from b where a in (%s) and a like 'b%'"}} | read: sql: has a % that is not %s
{key: "{uuid}", read: {sql: "select a from b where a in (%s); select 1"}} | read: sql: must be one statement, without
{key: "{uuid}", SQL, database: PG}} | read: database: must be the name of a database of this file, {env: NAME}
{key: $.id, GET, remove: {path: "/items/{key}"}} | remove: needs `payload` beside a key that the service chooses
{key: "{uuid}", GET, remove: {path: /items}} | remove: path: needs {key} where the key goes
"""


def refusal(tmp_path: Path, route: str) -> str:
    file = tmp_path / "shop.yaml"
    file.write_text(f'{MOST}routes:\n  add: {{method: PUT, path: "/items/{{uuid}}", {route}}}\n')
    with pytest.raises(FileError) as refused:
        load(file)
    (line,) = refused.value.lines
    return line.removeprefix(f"{file}:4: routes: add: ledger: ")


@pytest.mark.parametrize("line", WRONG.splitlines())
def test_a_ledger_that_cannot_be_meant_is_refused_with_what_to_type(tmp_path: Path, line: str) -> None:
    ledger, _, rule = line.partition(" | ")
    for short, whole in SHORT.items():
        ledger = ledger.replace(short, whole)
    assert refusal(tmp_path, f'body: "{{payload}}", ledger: {ledger}').startswith(rule)


def test_what_is_compared_must_be_sent(tmp_path: Path) -> None:
    said = refusal(tmp_path, f'ledger: {{key: "{{uuid}}", payload: $.note, {SHORT["GET"]}}}')
    assert said.startswith(
        "payload: compares what is never sent: put {payload} or {checksum} into the request"
    )
