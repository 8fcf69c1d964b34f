"""A read-back finds exactly what is missing, changed or foreign, and says why where it cannot."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from chaos.load import ledger, readback
from chaos.load.keys import key_text
from chaos.load.ledger import State
from chaos.load.readback import ReadbackResult
from chaos.spec.ledger import LedgerWrite
from tests.load.holding import Answer, Holding
from tests.load.planting import BASE, plant, read, ways, writes
from tests.load.readback_rules import BY_KEY, listed

IN_ORDER = ways(
    key="{seq}",
    payload="$.records[*].checksum",
    read={
        "list": "/page?after={after}&limit={limit}",
        "limit": 2,
        "rate": 10_000,
        "keys": "$.records[*].seq",
        "page": {"after": "key", "last": "$.last"},
    },
)
OK: Answer = (200, {}, {})

pytestmark = pytest.mark.usefixtures("no_pause")


def page(*seqs: int, last: bool, checksum: str | None = None) -> Answer:
    records = [{"seq": BASE + seq, "checksum": checksum or ledger.record(BASE + seq)[1]} for seq in seqs]
    return 200, {"records": records, "last": last}, {}


def scripted(holding: Holding, answers: list[Answer]) -> None:
    """Answer in this order; the last one again and again."""
    holding.first = lambda _: answers.pop(0) if len(answers) > 1 else answers[0]


def three(
    holding: Holding, tmp_path: Path, answers: list[Answer], rule: LedgerWrite = IN_ORDER
) -> ReadbackResult:
    """The read-back of three writes."""
    scripted(holding, answers)
    return read(rule, writes(rule, tmp_path / "hits.npy", 3), holding.url)


def unread(result: ReadbackResult) -> str:
    """Why it is not complete; nothing is said about any write."""
    assert (result.complete, len(result.rows)) == (False, 0)
    return result.because


def test_a_whole_ledger_is_read_page_by_page_until_two_reads_agree(holding: Holding, tmp_path: Path) -> None:
    result = three(holding, tmp_path, [page(1, 2, last=False), page(3, last=True)] * 2)
    assert (result.complete, result.reads) == (True, 2)
    assert result.rows.tolist() == [(1, State.PRESENT), (2, State.PRESENT), (3, State.PRESENT)]
    assert holding.asked == [f"/page?after={BASE}&limit=2", f"/page?after={BASE + 2}&limit=2"] * 2


def test_missing_changed_and_foreign_records_are_distinguished(holding: Holding, tmp_path: Path) -> None:
    _, document, _ = page(1, 8, last=True)
    document["records"][0]["checksum"] = "0123456789abcdef"
    expected = [(1, State.DIFFERS), (2, State.MISSING), (3, State.MISSING), (8, State.FOREIGN)]
    assert three(holding, tmp_path, [(200, document, {})]).rows.tolist() == expected


def test_a_write_that_lands_between_two_reads_calls_for_a_third(holding: Holding, tmp_path: Path) -> None:
    result = three(holding, tmp_path, [page(1, last=True), page(1, 2, last=True)])
    assert (result.complete, result.reads) == (True, 3)
    assert result.rows["state"].tolist() == [State.PRESENT, State.PRESENT, State.MISSING]


def test_by_key_only_what_is_not_as_it_was_written_is_asked_for_again(
    holding: Holding, tmp_path: Path
) -> None:
    holding.records = plant(["kept", "lost", "kept"], "{uuid}").rows
    late = key_text("{uuid}", BASE + 2)

    def land(path: str) -> None:
        if path.endswith(late) and holding.asked.count(path) == 2:
            holding.records.append((late, ledger.record(BASE + 2)[0]))

    holding.first = land
    result = read(BY_KEY, writes(BY_KEY, tmp_path / "hits.npy", 3), holding.url)
    assert (result.complete, result.rows["state"].tolist()) == (True, [State.PRESENT] * 3)
    assert len(holding.asked) == 4 and result.reads == 2


def test_a_list_that_never_settles_is_not_complete(holding: Holding, tmp_path: Path) -> None:
    restless = [page(n, last=True) for n in range(1, readback.PASSES + 2)]
    result = three(holding, tmp_path, restless)
    assert "no two in a row agree" in unread(result)
    assert result.reads == readback.PASSES


def test_a_failed_page_is_requested_again(holding: Holding, tmp_path: Path) -> None:
    busy: list[Answer] = [(200, "<html>busy</html>", {}), (503, {}, {}), (200, {"records": 1}, {})]
    result = three(holding, tmp_path, [*busy, page(1, 2, 3, last=True)])
    assert (result.complete, result.reads) == (True, 2)


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        ((200, "<html>", {}), f"the page after {BASE} failed 5 times: it is not JSON"),
        ((500, {}, {}), f"the page after {BASE} failed 5 times: it was answered with 500"),
        ((401, {}, {}), "it was answered with 401: the read-back sends the target's `headers`"),
        ((302, {}, {"Location": "http://127.0.0.1:1/x"}), "answered with 302 to http://127.0.0.1:1/x"),
        ((200, {"data": []}, {}), "it has no list at $.records"),
        ((200, {"records": [{"id": 1}], "last": True}, {}), "none has a key at $.records[*].seq"),
        ((200, {"records": [{"seq": 1}], "last": True}, {}), "none has a value at $.records[*].checksum"),
        ((200, {"records": []}, {}), f"the page after {BASE} has no $.last: correct `last`"),
        (page(2, 1, last=True), f"out of order: it has {BASE + 1} after {BASE + 2}"),
    ],
)
def test_a_broken_list_is_not_complete_and_says_why(
    holding: Holding, tmp_path: Path, answer: Answer, because: str
) -> None:
    assert because in unread(three(holding, tmp_path, [answer]))


@pytest.mark.parametrize("nothing", [{"items": []}, {"items": None}])
def test_an_empty_list_has_lost_everything(holding: Holding, tmp_path: Path, nothing: dict[str, Any]) -> None:
    result = three(holding, tmp_path, [(200, nothing, {})], listed(list="/all"))
    assert (result.complete, result.rows["state"].tolist()) == (True, [State.MISSING] * 3)


def items(*keys: Any, **more: Any) -> Answer:
    return 200, {"items": [{"id": key} for key in keys], **more}, {}


@pytest.mark.parametrize(
    ("way", "answers", "because"),
    [
        ({"list": "/a", "page": {"cursor": "$.next"}}, [items(1, next="/a")], "the list goes round"),
        (
            {"list": "/a?c={cursor}", "page": {"cursor": "$.next"}},
            [items(1, next="x"), items(2, next="y"), items(3, next="x")],
            "the list goes round: page 4 is /a?c=x again",
        ),
        (
            {"list": "/a?o={offset}", "page": {"offset": 2}},
            [items(1, 2)],
            "the list ignores what the path requests",
        ),
        ({"list": "/a?p={page}", "page": {"offset": 2}}, [items(1, 2)], "say what is true in the last one"),
        ({"list": "/a?n={limit}", "limit": 2}, [items(1, 2)], "as many records as the limit, 2"),
        ({"list": "/a", "page": {"cursor": "$.next"}}, [items(1, next={"a": 1})], "it is not a cursor"),
        (
            {"list": "/a", "page": {"cursor": "$.next"}},
            [items(1, next="http://elsewhere.example/a")],
            "the next page is on another host, 'elsewhere.example', which is not followed",
        ),
    ],
)
def test_a_list_that_could_have_more_is_not_taken_for_whole(
    holding: Holding, tmp_path: Path, way: dict[str, Any], answers: list[Answer], because: str
) -> None:
    assert because in unread(three(holding, tmp_path, answers, listed(**way)))


def test_a_next_page_that_the_file_does_not_follow_is_noticed(holding: Holding, tmp_path: Path) -> None:
    linked: Answer = (200, {"items": []}, {"Link": '</more>; rel="next"'})
    assert "add page: {link: true}" in unread(three(holding, tmp_path, [linked], listed(list="/a")))


def test_pages_may_be_empty_before_the_last_and_at_the_end(holding: Holding, tmp_path: Path) -> None:
    first, second, third = (key_text("{uuid}", BASE + seq) for seq in (1, 2, 3))
    rule = listed(list="/a?c={cursor}", page={"cursor": "$.next"})
    pages = [items(first, second, next="x"), items(next="y"), items(third, next="z"), items(next=None)]
    result = three(holding, tmp_path, pages * 2, rule)
    assert (result.complete, result.rows["state"].tolist()) == (True, [State.PRESENT] * 3)
    assert holding.asked[:2] == ["/a", "/a?c=x"]


def test_a_target_that_is_busy_is_asked_later_as_it_says(holding: Holding, tmp_path: Path) -> None:
    holding.records = plant(["kept"] * 4, "{uuid}").rows
    soon = {"Retry-After": "0"}
    busy: list[Answer] = [*((429, {}, soon) for _ in range(9)), (503, {}, soon)]
    holding.first = lambda _: busy.pop() if busy else None
    result = read(BY_KEY, writes(BY_KEY, tmp_path / "hits.npy", 4), holding.url)
    assert (result.complete, result.rows["state"].tolist()) == (True, [State.PRESENT] * 4)
    holding.first = lambda _: (429, {}, {"Retry-After": "3600"})
    assert "429, to be asked again in 1h" in unread(
        read(BY_KEY, writes(BY_KEY, tmp_path / "h.npy", 4), holding.url)
    )


@pytest.mark.parametrize("status", [500, 502, 400, 401, 403, 405])
def test_an_answer_that_says_nothing_about_a_key_is_never_a_lost_write(
    holding: Holding, tmp_path: Path, status: int
) -> None:
    holding.records = plant(["kept"] * 4, "{uuid}").rows
    bad = key_text("{uuid}", BASE + 3)
    holding.first = lambda path: (status, {}, {}) if path.endswith(bad) else None
    because = unread(read(BY_KEY, writes(BY_KEY, tmp_path / "hits.npy", 4), holding.url))
    assert f"GET /items/{bad}" in because and str(status) in because


def test_a_get_that_answers_with_nothing_in_it_is_not_taken_for_a_record(
    holding: Holding, tmp_path: Path
) -> None:
    assert "answered with 200 and [], not with 404" in unread(
        three(holding, tmp_path, [(200, [], {})], BY_KEY)
    )


MISSING: dict[str, tuple[Any, Answer]] = {
    "null in a document": ({"json": {"$.note": "absent"}}, (200, {"note": None}, {})),
    "an empty list": ({"matches": r"^\[\]$"}, (200, [], {})),
    "a status of its own": (400, (400, {}, {})),
    "a status and a text": ({"status": 400, "contains": "no such"}, (400, "no such item", {})),
    "compressed": ({"json": {"$.note": "absent"}}, (200, {"note": None}, {"Content-Encoding": "gzip"})),
    "a header": ({"headers": {"X-Found": "0"}}, (200, {}, {"X-Found": "0"})),
}


@pytest.mark.parametrize("name", MISSING)
def test_a_get_may_say_otherwise_that_a_record_is_missing(
    holding: Holding, tmp_path: Path, name: str
) -> None:
    missing, said = MISSING[name]
    rule = ways(
        key="{uuid}", payload="$.note.text", read={"get": "/items/{key}", "rate": 10_000, "missing": missing}
    )
    planted = plant(["kept", "lost", "kept"], "{uuid}")
    holding.records = planted.rows
    gone = key_text("{uuid}", BASE + 2)
    holding.first = lambda path: said if path.endswith(gone) else None
    found = read(rule, writes(rule, tmp_path / "hits.npy", 3), holding.url)
    assert sorted(state for _, state in found.rows.tolist()) == [State.MISSING, State.PRESENT, State.PRESENT]


def test_another_answer_with_the_status_of_a_missing_record_says_nothing(
    holding: Holding, tmp_path: Path
) -> None:
    read_ = {"get": "/items/{key}", "rate": 10_000, "missing": {"status": 400, "contains": "no such"}}
    rule = ways(key="{uuid}", payload="$.note.text", read=read_)
    because = unread(three(holding, tmp_path, [(400, "bad cursor", {})], rule))
    assert "was answered with 400, but not as `missing` says" in because


def test_a_payload_that_no_record_has_is_a_mistake_in_the_file(holding: Holding, tmp_path: Path) -> None:
    holding.records = plant(["kept"] * 3, "{uuid}").rows
    rule = ways(key="{uuid}", payload="$.nota", read={"get": "/items/{key}", "rate": 10_000})
    found = read(rule, writes(rule, tmp_path / "hits.npy", 3), holding.url)
    assert "none of the 3 records that were read has a $.nota" in unread(found)


@pytest.mark.parametrize("key", ["a/b", "ä ö", "50%", "a?b#c", "..%2F", "日本"])
def test_a_key_may_hold_any_text(holding: Holding, tmp_path: Path, key: str) -> None:
    holding.records = [(key, "theirs")]
    rule = ways(key="$.id", read={"get": "/items/{key}"})
    found = read(rule, writes(rule, tmp_path / "hits.npy", 1, {1: {"seq": 1, "key": key}}), holding.url)
    assert found.rows.tolist() == [(1, State.PRESENT)], (found.because, holding.asked)


def test_two_writes_that_were_given_one_key_have_one_record_at_most(holding: Holding, tmp_path: Path) -> None:
    holding.records = [(5, ledger.record(BASE + 2)[0])]
    given = {seq: {"seq": seq, "key": 5} for seq in (1, 2)}
    for payload, expected in (
        ("$.note.text", [State.DIFFERS, State.PRESENT]),
        (None, [State.PRESENT, State.MISSING]),
    ):
        rule = ways(key="$.id", payload=payload, read={"get": "/items/{key}", "rate": 10_000})
        found = read(rule, writes(rule, tmp_path / "hits.npy", 2, given), holding.url)
        assert (found.complete, found.rows["state"].tolist()) == (True, expected)


def test_a_write_that_was_not_promised_is_not_asked_for_and_one_without_a_key_leaves_it_open(
    holding: Holding, tmp_path: Path
) -> None:
    rule = ways(key="$.id", read={"get": "/items/{key}"})
    noted: dict[int, dict[str, Any]] = {1: {"seq": 1, "acknowledged": False}, 2: {"seq": 2, "key": "x"}}
    found = read(rule, writes(rule, tmp_path / "hits.npy", 2, noted), holding.url)
    assert found.rows.tolist() == [(1, State.UNASKED), (2, State.MISSING)]
    found = read(rule, writes(rule, tmp_path / "h.npy", 3, noted), holding.url)
    assert "the keys of 1 acknowledged writes are not on record" in unread(found)


def test_a_target_that_is_gone_is_not_complete(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        for rule in (IN_ORDER, BY_KEY):
            assert "failed" in unread(read(rule, writes(rule, tmp_path / "hits.npy", 3), url))


def test_a_read_back_that_runs_out_of_time_is_not_complete(holding: Holding, tmp_path: Path) -> None:
    for rule in (IN_ORDER, BY_KEY):
        found = read(rule, writes(rule, tmp_path / "hits.npy", 3), holding.url, timeout=-1.0)
        assert "time ran out" in unread(found)
