"""What grew between two censuses, from planted documents: names of one pattern together, each thing counted once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.checks.leaks.held import more_held, more_stacks, place_of
from chaos.checks.leaks.patterns import pattern, shape

THREAD = "/usr/lib/python3.11/threading.py:327 in Condition.wait"
WORKER = "/srv/app/jobs.py:41 in poll"


def document(
    descriptors: Iterable[dict[str, Any]] = (), threads: Iterable[str] = ("main",)
) -> dict[str, Any]:
    return {
        "descriptors": [{"fd": fd, **each} for fd, each in enumerate(descriptors)],
        "threads": [{"name": name, "wchan": ""} for name in threads],
    }


def files(*paths: str, kind: str = "file") -> list[dict[str, Any]]:
    return [{"kind": kind, "what": path} for path in paths]


def sockets(*what: str, accepted_on: int = 0) -> list[dict[str, Any]]:
    local = f"127.0.0.1:{accepted_on}"
    state = {
        "protocol": "tcp",
        "state": "CLOSE_WAIT",
        "accepted": bool(accepted_on),
        "local": local,
        "peer": "x",
    }
    return [{"kind": "socket", "what": each, **state} for each in what]


def grew(before: dict[str, Any], after: dict[str, Any]) -> dict[str, int]:
    return {row["what"]: row["count"] for row in more_held(before, after)}


def stacks(*each: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"thread": at, "name": f"Thread-{at} (poll)", "stack": list(stack)} for at, stack in enumerate(each)
    ]


def test_files_whose_names_differ_in_numbers_are_one_row() -> None:
    paths = [f"/srv/app1/tmp/{number}.pdf" for number in range(30)]
    (row,) = more_held(document(files(paths[0], kind="deleted")), document(files(*paths, kind="deleted")))
    assert row == {
        "resource": "descriptors:deleted",
        "count": 29,
        "held": 30,
        "what": "/srv/app1/tmp/*.pdf, deleted",
        "fds": [1, 2, 3, 4, 5],
    }


@pytest.mark.parametrize(
    "names",
    [
        ["/tmp/tmpab3x_9kq.pdf", "/tmp/tmpzzz_q1wx.pdf"],
        ["/a/9f8b7c6d-1234-4abc-8def-0123456789ab/x", "/a/00000000-1234-4abc-8def-0123456789ab/x"],
        ["/a/deadbeef01", "/a/0123abcd99"],
        ["/spool/job-1", "/spool/job-200"],
        ["/tmp/tmp.Ab3dE6gH9k", "/tmp/tmp.zzzzzzzzzz"],
    ],
)
def test_names_that_differ_in_numbers_hexadecimals_or_uuids_have_one_shape(names: list[str]) -> None:
    assert len({shape(name) for name in names}) == 1


@pytest.mark.parametrize(
    "names", [["/a/orders", "/a/users"], ["/etc/facade", "/etc/decade"], ["/x.log", "/x.txt"]]
)
def test_names_that_differ_in_words_do_not(names: list[str]) -> None:
    assert len({shape(name) for name in names}) == 2


def test_a_part_that_is_the_same_in_every_name_stays() -> None:
    assert pattern(["/srv/v2/tmp/1.pdf", "/srv/v2/tmp/2.pdf"]) == "/srv/v2/tmp/*.pdf"
    assert pattern(["/srv/v2/data.db", "/srv/v2/data.db"]) == "/srv/v2/data.db"


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8), st.text("abc/.-_0123456789", max_size=12))
def test_a_pattern_has_the_shape_of_its_names(numbers: list[int], around: str) -> None:
    names = [f"/srv/{around}-{number}.pdf" for number in numbers]
    if len({shape(name) for name in names}) == 1:
        found = pattern(names)
        assert shape(found.replace("*", "7")) == shape(names[0]) or "*" in found
        assert ("*" in found) is (len(set(names)) > 1)


def test_random_names_of_one_directory_are_one_row() -> None:
    after = document(files("/up/kx.part", "/up/qwe.part", "/up/zz.part"))
    assert grew(document(), after) == {"/up/*.part": 3}


def test_random_names_keep_what_they_have_in_common() -> None:
    before = document(files("/up/job-ab.part", "/up/other.part"))
    after = document(
        files("/up/job-ab.part", "/up/other.part", "/up/job-q.part", "/up/job-qq.part", "/up/job-z.part")
    )
    (row,) = more_held(before, after)
    assert (row["what"], row["count"], row["held"]) == ("/up/job-*.part", 3, 4)


def test_files_replaced_by_others_of_the_directory_are_no_growth() -> None:
    assert (
        grew(document(files("/up/kx.part", "/up/a.part")), document(files("/up/q.part", "/up/w.part"))) == {}
    )


def test_one_file_opened_often_keeps_its_name() -> None:
    other = files("/srv/a.db", "/srv/b.db")
    assert grew(document(other), document([*other, *files(*["/srv/c.db"] * 9)])) == {"/srv/c.db": 9}


def test_connections_to_two_peers_are_two_rows() -> None:
    after = sockets(*["socket tcp 10.0.0.3:5432 ESTABLISHED"] * 3, "socket tcp 10.0.0.4:6379 ESTABLISHED")
    assert grew(document(), document(after)) == {
        "socket tcp 10.0.0.3:5432 ESTABLISHED": 3,
        "socket tcp 10.0.0.4:6379 ESTABLISHED": 1,
    }


def test_accepted_connections_are_one_row_whatever_their_clients_ports() -> None:
    after = sockets(
        *(f"socket tcp accepted on :8000 from 10.0.0.{each}:{each}0000 CLOSE_WAIT" for each in range(1, 5)),
        accepted_on=8000,
    )
    assert grew(document(), document(after)) == {"socket tcp accepted on :8000 CLOSE_WAIT": 4}


def test_datagram_sockets_on_ports_that_the_kernel_chose_are_one_row() -> None:
    after = [
        {"kind": "socket", "protocol": "udp", "peer": "", "state": "", "what": f"socket udp 0.0.0.0:{port}"}
        for port in (40001, 50002, 60003)
    ]
    (count,) = grew(document(), document(after)).values()
    assert count == 3


def test_what_is_held_as_before_or_less_did_not_grow() -> None:
    full = document([*files("/a", "/a", "/b"), *sockets("socket tcp 10.0.0.3:5432 ESTABLISHED")])
    assert grew(full, full) == {}
    assert grew(full, document(files("/a", "/b"))) == {}


def test_without_a_census_before_everything_is_new() -> None:
    assert grew({}, document(files("/a", "/a"))) == {"/a": 2, "main": 1}


def test_threads_that_only_wait_elsewhere_did_not_grow() -> None:
    before, after = document(threads=["main", "w-1"]), document(threads=["main", "w-1"])
    after["threads"][1]["wchan"] = "futex_wait"
    assert grew(before, after) == {}
    after["threads"].append({"name": "w-2", "wchan": "futex_wait"})
    assert grew(before, after) == {"w-*, waiting in futex_wait": 1}


def test_the_stack_that_more_threads_have_is_named_at_the_application() -> None:
    stack, other = (THREAD, WORKER, "/srv/app/main.py:9 in run"), ("/srv/app/main.py:30 in <module>",)
    (row,) = more_stacks(stacks(other, stack), stacks(other, *[stack] * 6))
    assert (row["resource"], row["count"], row["held"]) == ("threads", 5, 6)
    assert (row["place"], row["what"]) == (WORKER, "Thread-* (poll)")
    assert row["stack"] == list(stack)


def test_threads_that_moved_did_not_grow() -> None:
    idle, busy = (THREAD,), (WORKER,)
    assert more_stacks(stacks(idle, idle), stacks(idle, busy)) == []


def test_no_more_is_reported_than_grew_in_all() -> None:
    """One new thread, and one that moved: the larger group is the leak."""
    idle, leak, busy = (THREAD,), (WORKER,), ("/srv/app/web.py:7 in answer",)
    rows = more_stacks(stacks(idle, idle), stacks(idle, busy, leak, leak))
    assert [(row["place"], row["count"]) for row in rows] == [(WORKER, 2)]


@pytest.mark.parametrize(
    ("stack", "place"),
    [
        ([THREAD, WORKER], WORKER),
        (["<frozen importlib._bootstrap>:100 in load", WORKER], WORKER),
        (["/venv/lib/python3.11/site-packages/httpx/_client.py:9 in send", WORKER], WORKER),
        (
            [THREAD, "/venv/lib/python3.11/site-packages/shop/api.py:9 in send"],  # an installed application
            "/venv/lib/python3.11/site-packages/shop/api.py:9 in send",
        ),
        (["/usr/lib/python3/dist-packages/a.py:1 in x", WORKER], WORKER),
        (["java.base/Native Method in java.lang.Thread.sleep", "Leak.java:2 in Leak.hold"], "Leak.java:2 in Leak.hold"),
        (["/usr/local/go/src/runtime/time.go:363 in time.Sleep", "/a.go:3 in main.hold"], "/a.go:3 in main.hold"),
        (["/root/go/pkg/mod/x.io/y@v1/z.go:1 in y.Z", "/app/main.go:3 in main.hold"], "/app/main.go:3 in main.hold"),
        (["/go/src/github.com/me/app/main.go:3 in main.hold"], "/go/src/github.com/me/app/main.go:3 in main.hold"),
        ([THREAD], THREAD),
        ([], ""),
    ],
)  # fmt: skip
def test_the_deepest_frame_of_the_application_is_the_place(stack: list[str], place: str) -> None:
    assert place_of(stack) == place
