"""What can be known before the play is refused before it, in one line with a remedy; a rehearsal lists it all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from chaos.toxiproxy import Toxiproxy
from tests.attach.files import experiment, target
from tests.attach.service import Service
from tests.midnight import Done, Midnight
from tests.postgres.servers import PASSWORD
from tests.typed import typed

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("own_place")]

OPTIONS = """\
  databases: {primary: {admin_dsn: {env: MINE_ADMIN}, dsns: {api: {env: MINE_API}}}}
  proxies: {database: {api: 'TOXIPROXY', name: mine}}
"""
DROP = "steps:\n  - {name: drop, fault: idle_drop, at: 0s, hold: 1s, with: {by: BY, min_closed: 1}}\n"
WRONG = "not-the-password"


@dataclass(frozen=True, slots=True)
class User:
    """Types commands; in this process, because a dozen interpreters would take a minute to start."""

    place: Midnight
    printed: pytest.CaptureFixture[str]

    def types(self, *argv: str) -> Done:
        done = typed(self.printed, "run", *argv)
        assert PASSWORD not in done.printed and WRONG not in done.printed
        return done

    def rehearses(self, file: str, code: int, by: str = "proxy") -> list[dict[str, Any]]:
        done, out, err = self.types(self._drop(by), "--target", file, "--rehearse", "--json")
        assert done == code, err
        found: list[dict[str, Any]] = json.loads(out)
        return found

    def is_refused(self, file: str, *words: str, by: str = "proxy") -> None:
        """A run with this target ends with 2 and one line that holds the words; no run is stored."""
        code, out, err = self.types(self._drop(by), "--target", file)
        assert (code, self.place.runs) == (2, []), out + err
        (line,) = [line for line in err.splitlines() if line]
        assert all(word in line for word in words), line

    def _drop(self, by: str) -> str:
        return experiment(self.place, DROP.replace("BY", by))


@pytest.fixture
def user(midnight: Midnight, capsys: pytest.CaptureFixture[str]) -> User:
    return User(midnight, capsys)


def file_of(midnight: Midnight, service: Service, toxiproxy: Toxiproxy) -> str:
    return target(midnight, service.url, OPTIONS.replace("TOXIPROXY", toxiproxy.url))


def test_a_target_on_which_everything_works_is_rehearsed_with_nothing_refused_and_nothing_changed(
    midnight: Midnight, user: User, service: Service, toxiproxy: Toxiproxy, admin: str
) -> None:
    found = user.rehearses(file_of(midnight, service, toxiproxy), 0, by="server")
    assert {row["answer"] for row in found} == {"yes", "unknown"}
    said = {(row["part"], row["what"]) for row in found}
    assert ("target", "options: proxies: database: leads to " + toxiproxy.proxy("mine").upstream) in said
    assert {("drop", "idle_drop: can be prepared"), ("drop", "idle_drop: can be undone")} <= said
    with psycopg.connect(admin) as connection:
        (timeout,) = connection.execute("select current_setting('idle_session_timeout')").fetchone() or ()
    assert timeout == "0"
    assert midnight.runs == []
    assert list((midnight.place / "state/midnight").glob("rehearsals/*")) == []
    assert list((midnight.place / "state/midnight").glob("un*/*")) == []


@pytest.mark.parametrize(
    ("role", "wrong", "words"),
    [
        ("API", {"password": WRONG}, ("databases: primary: dsns: api", "correct the user or the password")),
        ("ADMIN", {"dbname": "nowhere"}, ("databases: primary: admin_dsn", "name an existing database")),
        ("ADMIN", {"sslmode": "require"}, ("admin_dsn", "set sslmode=disable")),
    ],
)
def test_a_mistake_in_a_connection_string_is_refused_before_the_load(
    role: str,
    wrong: dict[str, str],
    words: tuple[str, ...],
    midnight: Midnight,
    user: User,
    service: Service,
    toxiproxy: Toxiproxy,
    admin: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(f"MINE_{role}", make_conninfo(admin, **wrong))
    user.is_refused(file_of(midnight, service, toxiproxy), *words)
    assert service.records == {}


def test_an_administrator_without_the_rights_of_a_step_is_refused_with_the_grants(
    midnight: Midnight,
    user: User,
    service: Service,
    toxiproxy: Toxiproxy,
    admin: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("create role hosted login password 'hosted-password' in role pg_monitor")
    monkeypatch.setenv("MINE_ADMIN", make_conninfo(admin, user="hosted", password="hosted-password"))
    file = file_of(midnight, service, toxiproxy)
    user.is_refused(file, "step 'drop'", "GRANT ALTER SYSTEM ON PARAMETER idle_session_timeout", by="server")
    assert all(row["answer"] != "no" for row in user.rehearses(file, 0, by="proxy"))


@pytest.mark.full
def test_a_proxy_that_leads_nowhere_or_is_disabled_is_refused(
    midnight: Midnight, user: User, service: Service, toxiproxy: Toxiproxy, admin: str
) -> None:
    del admin
    file = file_of(midnight, service, toxiproxy)
    toxiproxy.disable("mine")
    try:
        user.is_refused(file, "the proxy is disabled", f"curl -X POST {toxiproxy.url}/proxies/mine")
        assert not toxiproxy.proxy("mine").enabled
    finally:
        toxiproxy.enable("mine")
    toxiproxy.create("astray", "127.0.0.1:0", "127.0.0.1:1")
    try:
        text = OPTIONS.replace("TOXIPROXY", toxiproxy.url).replace("name: mine", "name: astray")
        astray = target(midnight, service.url, text)
        found = {row["what"]: row for row in user.rehearses(astray, 2)}
        row = found["options: proxies: database: leads to 127.0.0.1:1"]
        assert (row["answer"], row["remedy"]) == ("no", "correct its upstream")
    finally:
        toxiproxy.delete("astray")


@pytest.mark.full
def test_a_service_that_does_not_answer_is_a_row_of_the_rehearsal(
    midnight: Midnight, user: User, toxiproxy: Toxiproxy, admin: str
) -> None:
    del admin
    file = target(
        midnight,
        "http://127.0.0.1:9",
        "  ready_within: 200ms\n" + OPTIONS.replace("TOXIPROXY", toxiproxy.url),
    )
    (row,) = [row for row in user.rehearses(file, 2) if row["answer"] == "no"]
    assert row["what"] == "comes up and answers"
