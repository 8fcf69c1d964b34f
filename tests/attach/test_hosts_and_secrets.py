"""A foreign host, or a secret in plain text, is refused in one line that does not show it, with nothing touched."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from chaos.spec.target import Host
from tests.attach.files import experiment, target
from tests.attach.refusing import SECRET, URL, refused
from tests.midnight import Done, Midnight
from tests.typed import typed

VALID = "valid target, with the routes read (read, guessed), write (write, guessed)"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            f"headers: {{X-Tenant: {SECRET}}}",
            "mine.yaml:13: options: headers: X-Tenant: must be a reference",
        ),
        (f"headers: {{Authorization: {SECRET}}}", "must not be a secret in plain text"),
        (f"headers: {{X-Tenant: {{value: {SECRET}}}}}", "must be a reference"),
        (f"headers: {{X-Tenant: {{env: {SECRET}}}}}", "must be the name of an environment variable"),
        (f"headers: {{X-Tenant: {{env: MINE, prefix: {SECRET}}}}}", "prefix must be a short word"),
        ("headers: {X-Tenant: {env: MINE, file: /x}}", "either {env: NAME} or {file: PATH}"),
        ("headers: {Content-Length: {env: MINE}}", "must be the name of a header that a request may set"),
        (
            f"databases: {{primary: {{admin_dsn: 'host=h password={SECRET}'}}}}",
            "admin_dsn: must not be a secret",
        ),
        (
            "headers: {X-Tenant: {env: NOT_THERE}}",
            "headers: X-Tenant: environment variable NOT_THERE is not set",
        ),
        (
            "headers: {X-Tenant: {file: not/there}}",
            "headers: X-Tenant: file not/there cannot be read: No such",
        ),
        ("headers: {X-Tenant: {file: short}}", "file short has fewer than 4 characters"),
        ("headers: {X-Tenant: {file: lines}}", "file lines must be one line of printable characters"),
        ("headers: {X-Tenant: {file: umlaut}}", "headers: X-Tenant: must be ASCII"),
        ("headers: {X-Tenant: {file: empty}}", "file empty is empty"),
        (
            "jobs: {nightly: {argv: [ls], env: {A: {env: NOT_THERE}}}}",
            "jobs: nightly: env: A: environment var",
        ),
    ],
)
def test_a_secret_is_a_reference_to_what_is_there_and_no_message_shows_it(
    options: str,
    words: str,
    place: Midnight,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(place.place)
    for name, text in {
        "short": "abc\n",
        "lines": f"{SECRET}\n{SECRET}\n",
        "empty": "\n",
        "umlaut": "grün",
    }.items():
        place.file(name, text)
    refused(place, capsys, target(place, URL, f"  {options}\n"), words)


def test_a_secret_is_not_looked_for_until_a_run_begins(
    place: Midnight, capsys: pytest.CaptureFixture[str]
) -> None:
    file = target(place, URL, "  headers: {X-Tenant: {env: NOT_THERE}}\n")
    assert typed(capsys, "validate", file) == Done(0, f"{file}: {VALID}\n", "")
    assert typed(capsys, "run", experiment(place), "--target", file, "--dry-run").code == 0


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [
        (
            "http://192.0.2.1:80",
            "",
            "mine.yaml:12: options: base_url: 192.0.2.1 is not this machine and not listed in `allow`",
        ),
        ("http://[2001:db8::1]", "", "2001:db8::1 is not this machine"),
        (
            "http://nowhere.invalid",
            "",
            "options: base_url: nowhere.invalid is not this machine and not listed in `allow`",
        ),
        (URL, "proxies: {db: {api: 'http://192.0.2.1', name: x}}", "proxies: db: api: 192.0.2.1 is not this"),
        (
            URL,
            "databases: {primary: {admin_dsn: {env: MINE}, proxied: '192.0.2.1:5'}}",
            "databases: primary: proxied: 192.0.2.1 is not this machine",
        ),
        ("ftp://127.0.0.1", "", "must be http://HOST[:PORT][/PATH]"),
        ("http://127.0.0.1:99999", "", "must be http://HOST[:PORT][/PATH]"),
    ],
)
def test_a_foreign_host_is_refused_in_any_part_of_the_file(
    url: str, options: str, words: str, place: Midnight, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(place, capsys, target(place, f"'{url}'", f"  {options}\n" if options else ""), words)


def test_a_foreign_host_that_the_file_itself_allows_is_valid(
    place: Midnight, capsys: pytest.CaptureFixture[str]
) -> None:
    allowed = target(place, "http://192.0.2.1:80", top="allow: [192.0.2.1]\n")
    assert typed(capsys, "validate", allowed).code == 0
    other = target(place, "http://192.0.2.2:80", top="allow: [192.0.2.1]\n")
    assert typed(capsys, "validate", other).code == 2


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        (f"host=192.0.2.1 password={SECRET}", "admin_dsn: '192.0.2.1' (192.0.2.1) is not this machine"),
        (f"postgresql://me:{SECRET}@127.0.0.1,192.0.2.1/db", "admin_dsn: must name exactly one host"),
        (
            f"host=127.0.0.1 hostaddr=192.0.2.1 password={SECRET}",
            "admin_dsn: must name exactly one host and no hostaddr",
        ),
        (f"dbname=db password={SECRET}", "admin_dsn: must name exactly one host"),
        (f"service=elsewhere password={SECRET}", "admin_dsn: must not contain 'service'"),
        (f"{SECRET}", "admin_dsn: is not a PostgreSQL connection string"),
    ],
)
def test_a_connection_string_names_one_host_that_may_be_aimed_at_and_is_never_shown(
    dsn: str,
    words: str,
    place: Midnight,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MINE_DSN", dsn)
    file = target(place, URL, "  databases: {primary: {admin_dsn: {env: MINE_DSN}}}\n")
    refused(place, capsys, file, f"options: databases: primary: {words}")


@pytest.mark.parametrize(
    ("host", "good"), [("example.com:80", False), ("example.com", True), ("::1", True), ("fe80::1", True)]
)
def test_a_host_that_is_allowed_has_no_port(host: str, good: bool) -> None:
    if good:
        assert TypeAdapter(Host).validate_python(host) == host
    else:
        with pytest.raises(ValidationError):
            TypeAdapter(Host).validate_python(host)
