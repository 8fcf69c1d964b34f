"""What a browser of another site, or anything but reading, gets from `midnight web`."""

from __future__ import annotations

import pytest

from tests.web.pages import Site


@pytest.mark.parametrize("host", ["127.0.0.1:8642", "localhost:8642", "localhost", "[::1]:8642"])
def test_loopback_names_are_answered(host: str) -> None:
    assert Site().ask("GET", "/", host).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8642", "127.0.0.1.evil.example", "localhost.evil", "10.0.0.1"]
)
def test_another_name_is_refused(host: str) -> None:
    answer = Site().ask("GET", "/", host)
    assert (answer.status_code, "midnight" in answer.text) == (400, False)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE"])
@pytest.mark.parametrize("path", ["/", "/runs", "/schedules", "/static/page.css"])
def test_only_reading_is_allowed(method: str, path: str) -> None:
    answer = Site().ask(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path", ["/", "/runs", "/nothing", "/runs?since=soon", "/static/live.js", "/static/../app.py"]
)
def test_every_answer_forbids_foreign_sources_and_frames(path: str) -> None:
    answer = Site().get(path)
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"]
)
def test_no_file_but_the_static_ones_is_served(path: str) -> None:
    assert Site().get(path).status_code == 404


def test_head_is_answered_without_a_body() -> None:
    answer = Site().ask("HEAD", "/")
    assert (answer.status_code, answer.content) == (200, b"")
