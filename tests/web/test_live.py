"""A run live: the events of its journal as they are written, until no process plays it any more."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack

import pytest

from chaos.undo.locks import hold_lock
from chaos.web import live, rendering
from tests.web.pages import Site, began, write


def told(stream: str) -> list[str]:
    """The texts of server-sent events, and the kinds of those without one."""
    found = []
    for block in stream.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append(json.loads(fields["data"]).get("text", fields["event"]))
    return found


def test_the_stream_of_a_run_that_is_over_ends_at_once() -> None:
    run = began()
    write(run, "api")
    write(run, "database")
    answer = Site().get(f"/live/{run.id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert told(answer.text) == ["target api is ready", "target database is ready", "end"]


def test_events_that_the_page_has_are_not_sent_again() -> None:
    run = began()
    write(run, "api")
    write(run, "database")
    site = Site()
    assert told(site.get(f"/live/{run.id}/events?after=1").text) == ["target database is ready", "end"]
    again = site.get(f"/live/{run.id}/events?after=0", headers={"Last-Event-ID": "2"})
    assert told(again.text) == ["end"]


def test_an_event_is_sent_as_it_is_written_and_the_stream_ends_with_the_run() -> None:
    run = began()

    async def watched() -> list[str]:
        with ExitStack() as playing:
            playing.enter_context(hold_lock(run))
            stream = live.follow(run, 0, look=0.01)
            write(run, "api")
            found = [await anext(stream)]
            write(run, "database")
            found.append(await anext(stream))
            playing.close()
            return found + [each async for each in stream]

    found = asyncio.run(asyncio.wait_for(watched(), 30))
    assert told("".join(found)) == ["target api is ready", "target database is ready", "end"]


def test_a_torn_line_waits_for_its_end() -> None:
    run = began()
    with run.events.open("a") as file:
        file.write('{"at": 1.0, "source": "target", "na')
    assert live.events_of(run) == []
    with run.events.open("a") as file:
        file.write('me": "api", "phase": "ready", "detail": {}}\n{"no": "event"}\nnothing\n')
    assert [each.text for each in live.events_of(run)] == ["target api is ready"]


def test_a_line_break_in_a_name_does_not_end_an_event() -> None:
    run = began()
    write(run, "a\n\nevent: end\ndata: {}\n\n")
    answer = Site().get(f"/live/{run.id}/events").text
    assert answer.count("\nevent: ") + answer.startswith("event: ") == 2
    assert "a event: end" not in answer


def test_the_page_of_a_run_in_progress_is_linked_and_hostile_events_are_text() -> None:
    run = began(about={"experiment": {"name": "<b>night"}})
    write(run, "<script>alert(1)</script>")
    site = Site()
    with hold_lock(run):
        assert f'href="/live/{run.id}"' in site.get("/").text
        page = site.get(f"/live/{run.id}").text
        assert "In progress" in page
        assert "&lt;script&gt;alert(1)" in page
        assert page.count("<script") == 1
    assert "In progress" not in site.get(f"/live/{run.id}").text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("expect `unknown`", "expect <code>unknown</code>"),
        ("`a<b` and `c`", "<code>a&lt;b</code> and <code>c</code>"),
        ("a ` alone <b>", "a ` alone &lt;b&gt;"),
        ("plain", "plain"),
    ],
)
def test_what_is_in_backticks_is_code(text: str, shown: str) -> None:
    assert rendering.code(text) == shown
    run = began()
    write(run, text)
    assert shown in Site().get(f"/live/{run.id}").text


def test_a_run_without_events_is_an_empty_page() -> None:
    run = began()
    run.events.unlink()
    assert Site().get(f"/live/{run.id}").status_code == 200
