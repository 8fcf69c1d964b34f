"""`midnight import access-log`: formats, what is left out, and the rates of the hours."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from chaos.errors import FileError
from chaos.imports import importing, tally
from chaos.imports.imported import Imported
from tests.imports.recorded import loaded, routes

BERLIN = ZoneInfo("Europe/Berlin")
STAMP = "27/Nov/2026:03:00:01 +0100"


def line(
    target: str = "/items", status: int = 200, at: str = STAMP, method: str = "GET", agent: str = "curl/8"
) -> str:
    return f'192.0.2.7 - - [{at}] "{method} {target} HTTP/1.1" {status} 153 "-" "{agent}"'


def imported(tmp_path: Path, *lines: str, zone: ZoneInfo | None = None) -> Imported:
    path = tmp_path / "access.log"
    path.write_text("".join(f"{each}\n" for each in lines))
    return importing.from_access_log([str(path)], None, zone)


@pytest.mark.parametrize(
    "text",
    [
        line("/items/12?page=2"),
        '192.0.2.7 - ann [27/Nov/2026:03:00:01 +0100] "GET /items/12?page=2 HTTP/1.0" 200 -',
        'shop.example:443 192.0.2.7 - - [27/Nov/2026:03:00:01 +0100] "GET /items/12?page=2 HTTP/2.0" 200 9 "-" "x"',
        line("/items/12?page=2") + ' 0.042 "10.0.0.3:8080" 0.040 . abc',
        line("/items/12?page=2", agent=r"a \"quoted\" browser"),
        '{"time_iso8601":"2026-11-27T03:00:01+01:00","request":"GET /items/12?page=2 HTTP/1.1","status":"200"}',
        '{"method":"GET","path":"/items/12?page=2","status":200,"timestamp":"2026-11-27T02:00:01Z"}',
        '{"level":"info","ts":1795744801.5,"logger":"http.log.access","request":{"method":"GET","host":"shop.example",'
        '"uri":"/items/12?page=2","headers":{"User-Agent":["curl"]}},"status":200,"duration":0.01}',
        '{"ClientHost":"192.0.2.7","DownstreamStatus":200,"RequestMethod":"GET","RequestPath":"/items/12?page=2",'
        '"StartUTC":"2026-11-27T02:00:01.5Z","time":"2026-11-27T02:00:02Z"}',
        '{"httpRequest":{"requestMethod":"GET","requestUrl":"https://shop.example/items/12?page=2","status":200},'
        '"timestamp":"2026-11-27T02:00:01.1Z"}',
        '{"@timestamp":"2026-11-27T02:00:01Z","http":{"request":{"method":"GET"},"response":{"status_code":200}},'
        '"url":{"original":"/items/12?page=2"}}',
        '{"start_time":"2026-11-27T02:00:01.123Z","method":"GET","path":"/items/12?page=2","response_code":200}',
        '{"level":30,"time":1795744801000,"pid":7,"hostname":"shop","req":{"id":1,"method":"GET","url":"/items/12?page=2",'
        '"query":{"page":"2"},"headers":{"host":"shop.example","user-agent":"curl"}},"res":{"statusCode":200,'
        '"headers":{"date":"Fri, 27 Nov 2026 02:00:01 GMT","status":"404"}},"responseTime":5,"msg":"completed"}',
        '[2026-11-27T02:00:01.123Z] "GET /items/12?page=2 HTTP/1.1" 200 - 0 12 3 2 "-" "curl" "id" "shop" "1.1.1.1:80"',
        "https 2026-11-27T02:00:01.123456Z app/lb/1 192.0.2.7:1 10.0.0.1:80 0.0 0.01 0.0 200 200 34 366 "
        '"GET https://shop.example:443/items/12?page=2 HTTP/1.1" "curl" ECDHE TLSv1.2 arn "Root=1"',
    ],
)
def test_each_format_is_understood(tmp_path: Path, text: str) -> None:
    found = imported(tmp_path, *[text] * 3)
    route = routes(found)["GET", "/items/{item}"]
    assert (route.weight, route.items, route.statuses, route.request.query) == (3, 12, (200,), {"page": "2"})


def test_bots_probes_metrics_and_static_files_are_counted_and_left_out(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        line(),
        line("/healthz"),
        line("/x", agent="kube-probe/1.30"),
        line("/metrics"),
        line("/y", agent="Mozilla/5.0 (compatible; Googlebot/2.1)"),
        '{"time":1795744801000,"req":{"method":"GET","url":"/y","headers":{"user-agent":"Googlebot/2.1"}},'
        '"res":{"statusCode":200}}',
        line("/app.css?v=3"),
        r'192.0.2.7 - - [27/Nov/2026:03:00:01 +0100] "\x16\x03\x01" 400 157 "-" "-"',
        *[line("/wp-login.php", 404)] * 4,
    )
    assert set(routes(found)) == {("GET", "/items")}
    assert found.left_out == (
        "health checks: 2 requests",
        "metrics: 1 request",
        "bots: 2 requests",
        "static files: 1 request",
        "connections without an HTTP request: 1 request",
        "paths that are not there (answered only with 4xx): 4 requests",
    )


def test_a_line_that_is_not_understood_is_counted_and_its_place_is_shown_once(tmp_path: Path) -> None:
    found = imported(tmp_path, line(), "half a li", line(), "", "password=hunter2")
    assert f"not understood: 2 lines, the first at {tmp_path}/access.log:2" in found.left_out
    assert found.routes[0].weight == 2


def test_statuses_that_a_service_gives_become_what_is_expected(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        *[line("/a", status) for status in (200, 200, 304, 500, 401)],
        *[line("/b", status) for status in [201] * 10 + [404] * 3 + [429] * 9],
        *[line("/c", status) for status in [302] * 99 + [404]],
    )
    assert {route.path: route.statuses for route in found.routes} == {
        "/a": (200,),
        "/b": (201, 404),
        "/c": (302,),
    }


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        ([304], (200,)),
        ([304] * 9 + [404], (200, 404)),
        ([206], (200, 206)),
        ([206, 304], (200, 206)),
        ([204, 304], (204,)),
        ([302, 304], (200, 302)),
        ([200, 460], (200,)),
        ([200, 463], (200,)),
        ([302], (302,)),
    ],
)
def test_an_answer_to_a_condition_or_to_a_client_that_left_is_not_expected(
    tmp_path: Path, recorded: list[int], expected: tuple[int, ...]
) -> None:
    found = imported(tmp_path, *[line("/a", status) for status in recorded])
    assert found.routes[0].statuses == expected


def test_a_post_is_written_with_its_weight_and_says_that_its_body_is_missing(tmp_path: Path) -> None:
    found = imported(tmp_path, *[line("/orders", 201, method="POST")] * 5, line())
    order = routes(found)["POST", "/orders"]
    assert order.weight == 5 and any("has no bodies" in note for note in order.notes)
    assert "post-orders" in loaded(found, tmp_path / "a.yaml").routes


def log_of(counts: dict[str, int], zone: ZoneInfo, tail: int = 3599) -> list[str]:
    """Lines spread over each hour, given by its start in UTC, as the log of a server in `zone` has them."""
    lines = []
    for start, count in counts.items():
        for n in range(count):
            at = datetime.fromisoformat(start).replace(tzinfo=UTC) + timedelta(
                seconds=round(tail * n / max(1, count - 1))
            )
            lines.append(line(at=f"{at.astimezone(zone):%d/%b/%Y:%H:%M:%S %z}"))
    return lines


def test_night_and_day_rates_are_those_of_the_quietest_and_the_busiest_hour(tmp_path: Path) -> None:
    counts = {
        "2026-11-26T22:00": 7200,
        "2026-11-27T01:00": 90,
        "2026-11-27T02:00": 36,
        "2026-11-27T03:00": 720,
    }
    found = imported(tmp_path, *log_of(counts, BERLIN))
    assert found.night is not None and found.day is not None
    assert (found.night.per_second, found.night.because) == (0.01, "2026-11-27 03:00 to 04:00 +0100")
    assert (found.day.per_second, found.day.because) == (2.0, "2026-11-26 23:00 to 00:00 +0100")
    assert found.notes == ("2 hours without any request: not taken as the quietest",)


def test_an_hour_that_is_not_whole_is_not_compared_with_whole_ones(tmp_path: Path) -> None:
    whole = {"2026-11-27T01:00": 360, "2026-11-27T02:00": 720}
    found = imported(tmp_path, *log_of(whole, BERLIN), *log_of({"2026-11-27T03:00": 2}, BERLIN, 300))
    assert found.night is not None and found.night.per_second == 0.1


@pytest.mark.parametrize(
    ("night", "hours"),
    [
        ("2026-10-25", ["02:00 to 03:00 +0200", "02:00 to 03:00 +0100", "03:00 to 04:00 +0100"]),
        ("2026-03-29", ["01:00 to 02:00 +0100", "03:00 to 04:00 +0200", "04:00 to 05:00 +0200"]),
    ],
)
def test_on_a_night_on_which_clocks_change_each_hour_counts_once(
    tmp_path: Path, night: str, hours: list[str]
) -> None:
    counts = {f"{night}T{hour:02}:00": 72 for hour in (0, 1, 2)}
    for logged_in, zone in ((BERLIN, None), (ZoneInfo("UTC"), BERLIN)):
        found = imported(tmp_path, *log_of(counts, logged_in), zone=zone)
        assert [rate.because for rate in found.hours] == [f"{night} {hour}" for hour in hours]
        assert [rate.per_second for rate in found.hours] == [0.02] * 3


def test_gzipped_logs_are_read_after_one_another(tmp_path: Path) -> None:
    old, new = tmp_path / "access.log.1.gz", tmp_path / "access.log"
    old.write_bytes(gzip.compress(f"{line()}\n".encode() * 2))
    new.write_text(f"{line()}\n")
    found = importing.from_access_log([str(new), str(old)], None, None)
    assert found.routes[0].weight == 3


def test_many_different_words_in_one_place_are_one_route(tmp_path: Path) -> None:
    found = imported(
        tmp_path, *(line(f"/users/user{number}/photo") for number in range(3 * tally.MOST_WORDS))
    )
    assert [(route.path, route.weight) for route in found.routes] == [
        ("/users/user0/photo", 3 * tally.MOST_WORDS)
    ]
    assert any(f"more than {tally.MOST_WORDS} words" in note for note in found.routes[0].notes)


def test_what_is_no_access_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"access\.log:1: not an access log"):
        imported(tmp_path, *["Nov 27 00:00:00 host cron[1]: done"] * 3)
    with pytest.raises(FileError, match="not an access log: it is empty"):
        imported(tmp_path)
