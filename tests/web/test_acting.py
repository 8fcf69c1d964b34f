"""Starting, stopping and pausing from the pages: the same as on the command line, and recorded."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from chaos import database
from chaos.record.store import RunDir
from chaos.schedule import registered
from chaos.undo.locks import hold_lock
from chaos.web import acts
from chaos.web.choices import offered
from tests.web.pages import Site, began
from tests.web.posting import (
    COOKIE,
    HOSTILE,
    NAMED,
    PRINTED,
    START,
    TOKEN,
    post,
    schedules,
    stand_in,
)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(schedules(tmp_path), PRINTED, stand_in(tmp_path))


def test_the_printed_address_gives_a_cookie_that_no_script_and_no_other_site_gets(site: Site) -> None:
    answer = site.get("/enter", params={"token": TOKEN})
    assert (answer.status_code, answer.headers["location"]) == (303, "/act")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"midnight-8642={TOKEN};")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {each.strip() for each in cookie.split(";")}
    assert "Start a run" in site.get("/", headers=COOKIE).text
    assert TOKEN not in site.get("/act", headers=COOKIE).text


@pytest.mark.parametrize("token", ["x", TOKEN[:-1], f"{TOKEN}0", "\udcff", "ü"])
def test_a_wrong_token_gives_no_cookie(site: Site, token: str) -> None:
    for answer in (
        site.get("/enter?" + urlencode({"token": token}, errors="surrogateescape")),
        post(site, "/act/enter", {"token": "x"}, cookie=""),
    ):
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


def test_the_token_can_be_typed_on_our_own_page_only(site: Site) -> None:
    form = {"token": TOKEN}
    assert post(site, "/act/enter", form, cookie="").headers["location"] == "/act"
    refused = post(site, "/act/enter", form, cookie="", origin="http://evil.example")
    assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)


def test_a_reader_without_the_token_sees_no_form(site: Site) -> None:
    run = began()
    with hold_lock(run):
        for path in ("/", "/act", "/schedules", f"/live/{run.id}"):
            assert 'method="post"' not in site.get(path).text, path
            if path != "/":
                assert 'method="post"' in site.get(path, headers=COOKIE).text, path


def test_a_start_is_what_is_typed_and_its_refusal_is_shown_and_recorded(tmp_path: Path, site: Site) -> None:
    answer = post(site, "/act/start", START)
    refusal = "target 'embedded' is in use by run 20261101T000000Z-abcdef"
    assert answer.status_code == 409
    assert refusal in answer.text.replace("&#39;", "'")
    typed = (tmp_path / "started").read_text()
    assert typed == "run --json --target embedded --profile fragile --seed 7 -- smoke"
    done, asked = acts.newest(9)
    command = "run smoke --target embedded --profile fragile --seed 7"
    assert (asked.who, asked.what, asked.outcome) == ("Ann", command, "asked")
    assert (done.who, done.what, done.outcome) == ("Ann", command, refusal)
    assert oct(acts.place().stat().st_mode)[-3:] == "600"
    assert refusal in site.get("/act").text.replace("&#39;", "'")


def test_a_name_and_a_reason_are_text_wherever_they_are_shown(site: Site) -> None:
    answer = post(site, "/act/pause", {"schedule": "nightly", "because": HOSTILE, "by": "<b>Ann"})
    assert answer.headers["location"] == "/schedules"
    for path in ("/act", "/schedules", "/"):
        page = site.get(path, headers=COOKIE).text
        assert "<script>" not in page and "<b>Ann" not in page
        assert "&lt;b&gt;Ann" in page, path


def test_a_pause_is_that_of_midnight_schedule_and_is_undone_by_resume(site: Site) -> None:
    assert (
        post(site, "/act/pause", {"schedule": "nightly", "because": "audit", "by": "Ann"}).status_code == 303
    )
    assert paused() == {"nightly": "paused: audit (Ann, on the page)"}
    assert post(site, "/act/resume", {"schedule": "nightly", "by": "Ann"}).status_code == 303
    assert paused() == {}
    assert [(each.what, each.outcome) for each in acts.newest(9)] == [
        ("resume nightly", "done"),
        ("resume nightly", "asked"),
        ("pause nightly", "done"),
        ("pause nightly", "asked"),
    ]


def paused() -> dict[str, str]:
    with database.connect(database.address()).begin() as connection:
        return registered.paused(connection, ["nightly"])


def test_the_holder_of_a_named_token_is_recorded_by_that_name(tmp_path: Path) -> None:
    site = Site(schedules(tmp_path), NAMED)
    post(site, "/act/pause", {"schedule": "nightly", "by": "somebody else"})
    post(site, "/act/resume", {"schedule": "nightly"}, cookie=f"midnight-8642={TOKEN[::-1]}")
    assert [each.who for each in acts.newest(9)] == ["bob", "bob", "ann", "ann"]


def test_acts_are_only_ever_added(site: Site) -> None:
    acts.add("Ann", "first")
    before = acts.place().read_bytes()
    post(site, "/act/pause", {"schedule": "nightly", "by": "Ann"})
    assert acts.place().read_bytes().startswith(before)
    acts.place().write_bytes(before + b'{"torn": ')
    assert [each.what for each in acts.newest(9)] == ["", "first"][1:]
    assert site.get("/act").status_code == 200


def test_a_broken_file_is_not_offered_and_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("experiments", "targets"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "broken.yaml").write_text("a: [")
    found = offered()
    assert "smoke" in found.experiments and "broken" not in found.experiments
    assert found.aims["embedded, hardened"] == ("embedded", "hardened") and "broken" not in found.aims
    assert found.usual.startswith("embedded, ")


def test_a_run_in_progress_gets_the_signal_of_midnight_stop(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = began()
    signalled: list[str] = []

    def ask_to_end(found: RunDir) -> bool:
        signalled.append(found.id)
        return True

    monkeypatch.setattr("chaos.web.acting.ask_to_end", ask_to_end)
    with hold_lock(run):
        answer = post(site, "/act/stop", {"run": run.id, "by": "Ann"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/live/{run.id}")
    assert signalled == [run.id]
    assert [each.run for each in acts.newest(9)] == [run.id, run.id]


def test_pages_tell_their_own_server_alone_where_a_form_comes_from(site: Site) -> None:
    assert site.get("/act").headers["referrer-policy"] == "same-origin"
    assert re.search("form-action 'self'", site.get("/act").headers["content-security-policy"])
