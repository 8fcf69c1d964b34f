"""Starting, stopping and pausing from the pages: who may not, and that nothing is done then."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest

from chaos.record import store
from chaos.web import acts
from tests.web.pages import Site
from tests.web.posting import (
    COOKIE,
    HOSTILE,
    OWN,
    POSTS,
    PRINTED,
    START,
    TOKEN,
    nothing_was_done,
    post,
    schedules,
    stand_in,
)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(schedules(tmp_path), PRINTED, stand_in(tmp_path))


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
