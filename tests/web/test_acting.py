"""Starting, stopping and pausing from the pages: who may not, and that nothing is done then."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from chaos import database
from chaos.record import store
from chaos.record.store import RunDir
from chaos.schedule import registered
from chaos.undo.heal import hold_lock
from chaos.web import acts
from chaos.web.choices import offered
from chaos.web.tokens import Tokens
from tests.web.pages import Site, began

TOKEN = "0123456789abcdef0123456789abcdef"
PRINTED = Tokens({"": TOKEN}, named=False)
NAMED = Tokens({"ann": TOKEN, "bob": TOKEN[::-1]}, named=True)
OWN = {"origin": "http://127.0.0.1:8642", "sec-fetch-site": "same-origin"}
COOKIE = {"cookie": f"midnight-8642={TOKEN}"}
START = {"experiment": "smoke", "aim": "embedded, fragile", "seed": "7", "by": "Ann"}
POSTS = {
    "/act/start": START,
    "/act/stop": {"run": "none", "by": "Ann"},
    "/act/pause": {"schedule": "nightly", "by": "Ann"},
    "/act/resume": {"schedule": "nightly", "by": "Ann"},
}
HOSTILE = "<script>alert(1)</script>"

STAND_IN = """import pathlib, sys
pathlib.Path({place!r}).write_text(" ".join(sys.argv[1:]))
sys.exit("midnight: target 'embedded' is in use by run 20261101T000000Z-abcdef" if {refused} else 0)
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(schedules(tmp_path), PRINTED, stand_in(tmp_path))


def schedules(place: Path) -> Path:
    file = place / "schedules.yaml"
    file.write_text('schedules:\n  - {name: nightly, experiment: smoke, when: "0 2 * * *"}\n')
    return file


def stand_in(place: Path) -> tuple[str, ...]:
    """A `midnight` that writes its arguments down, and is refused as a second run is."""
    program = STAND_IN.format(place=str(place / "started"), refused=True)
    return (
        sys.executable,
        "-c",
        program.replace('sys.exit("midnight', 'sys.stderr.write("midnight') + "\nsys.exit(2)",
    )


def post(site: Site, path: str, form: Mapping[str, str], **headers: str) -> httpx.Response:
    given = {"content-type": "application/x-www-form-urlencoded", **OWN, **COOKIE, **headers}
    given = {name: value for name, value in given.items() if value}
    return site.ask("POST", path, content=urlencode(form), headers=given)


def nothing_was_done(place: Path) -> bool:
    with database.connect(database.address()).begin() as connection:
        paused = registered.paused(connection, ["nightly"])
    return not (place / "started").exists() and not paused and not acts.place().exists()


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"cookie": ""}, 403, id="no token"),
        pytest.param({"cookie": f"midnight-8642={TOKEN[:-1]}0"}, 403, id="wrong token"),
        pytest.param({"cookie": f"midnight-8643={TOKEN}"}, 403, id="token of another server"),
        pytest.param({"cookie": "", "authorization": f"Bearer {TOKEN}"}, 403, id="not in the cookie"),
        pytest.param({"origin": "http://evil.example"}, 403, id="other origin"),
        pytest.param({"origin": "http://127.0.0.1:8643"}, 403, id="other port"),
        pytest.param({"origin": "https://127.0.0.1:8642"}, 403, id="other scheme"),
        pytest.param({"origin": "http://localhost:8642"}, 403, id="other name of this machine"),
        pytest.param({"origin": "null"}, 403, id="origin withheld"),
        pytest.param({"origin": ""}, 403, id="no origin"),
        pytest.param({"sec-fetch-site": "cross-site"}, 403, id="cross-site"),
        pytest.param({"sec-fetch-site": "same-site"}, 403, id="same site, other origin"),
        pytest.param({"sec-fetch-site": "none"}, 403, id="typed address"),
        pytest.param({"host": "evil.example:8642", "origin": "http://evil.example:8642"}, 400, id="rebound name"),
        pytest.param({"content-type": "application/json"}, 415, id="json"),
        pytest.param({"content-type": "text/plain"}, 415, id="text"),
    ],
)  # fmt: skip
def test_no_act_without_token_and_own_page(
    tmp_path: Path, site: Site, path: str, headers: dict[str, str], status: int
) -> None:
    assert post(site, path, POSTS[path], **headers).status_code == status
    assert nothing_was_done(tmp_path)


@pytest.mark.parametrize("path", [*POSTS, "/act/enter"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_only_post_acts(tmp_path: Path, site: Site, path: str, method: str) -> None:
    asked = f"{path}?{urlencode(POSTS.get(path, {'token': TOKEN}))}"
    assert site.ask(method, asked, headers={**OWN, **COOKIE}).status_code == 405
    assert nothing_was_done(tmp_path)


@pytest.mark.parametrize("path", ["/", "/act", "/enter", "/runs", "/act/nothing", "/static/page.css"])
def test_nothing_else_accepts_a_form(site: Site, path: str) -> None:
    assert post(site, path, START).status_code in (404, 405)


@pytest.mark.parametrize("path", [*POSTS, "/act/enter", "/act", "/enter"])
def test_without_allow_run_there_are_no_acts(tmp_path: Path, path: str) -> None:
    site = Site(schedules(tmp_path))
    assert post(site, path, POSTS.get(path, START)).status_code == 405
    assert site.get(path).status_code == 404
    assert "Start a run" not in site.get("/", headers=COOKIE).text


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("/act/start", {"experiment": "none"}),
        ("/act/start", {"experiment": "experiments/smoke.yaml"}),
        ("/act/start", {"experiment": "--help"}),
        ("/act/start", {"experiment": HOSTILE}),
        ("/act/start", {"aim": "none"}),
        ("/act/start", {"aim": "embedded, none"}),
        ("/act/start", {"aim": "targets/embedded.yaml"}),
        ("/act/start", {"seed": "-1"}),
        ("/act/start", {"seed": "1 --set smoke.x=1"}),
        ("/act/start", {"seed": "²"}),
        ("/act/start", {"seed": "1" * 10}),
        ("/act/start", {"seed": ""}),
        ("/act/stop", {"run": "20261101T000000Z-abcdef"}),
        ("/act/stop", {"run": "latest"}),
        ("/act/stop", {"run": HOSTILE}),
        ("/act/pause", {"schedule": "none"}),
        ("/act/resume", {"schedule": HOSTILE}),
    ],
)
def test_what_is_not_offered_is_refused_as_text(
    tmp_path: Path, site: Site, path: str, changed: dict[str, str]
) -> None:
    answer = post(site, path, {**POSTS[path], **changed})
    assert answer.status_code == 409
    assert "<script" not in answer.text
    assert nothing_was_done(tmp_path)


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\nb", "a\x1b[2Jb"])
def test_no_act_without_a_name(tmp_path: Path, site: Site, name: str) -> None:
    assert post(site, "/act/start", {**START, "by": name}).status_code == 400
    assert nothing_was_done(tmp_path)


@pytest.mark.parametrize(
    ("body", "status"),
    [("x" * 9000, 413), ("by=a&by=b", 400), ("&".join(f"f{n}=1" for n in range(30)), 400), ("by=%ff", 400)],
)
def test_an_odd_form_is_refused(tmp_path: Path, site: Site, body: str, status: int) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", **OWN, **COOKIE}
    assert site.ask("POST", "/act/start", content=body, headers=headers).status_code == status
    assert nothing_was_done(tmp_path)


def test_an_act_that_cannot_be_recorded_is_not_done(tmp_path: Path, site: Site) -> None:
    store.state_dir().mkdir(parents=True)
    acts.place().mkdir()
    answer = post(site, "/act/start", START)
    assert (answer.status_code, "nothing was done" in answer.text) == (503, True)
    assert not (tmp_path / "started").exists()


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
    assert os.environ.get("MIDNIGHT_WEB_TOKENS") is None
