"""What a page, a document or rows show becomes the gauges that a target file names, and nothing else does."""

from __future__ import annotations

import math

import pytest

from chaos.plugin.handles import GaugeSource
from chaos.sampling import gauges
from chaos.sampling.shown.documents import Document
from chaos.sampling.shown.pages import Page, parsed
from chaos.sampling.shown.rows import Rows
from chaos.spec import formulas

PAGE = """\
# HELP pool_max Maximum connections.
# TYPE pool_max gauge
pool_max{pid="1"} 10
pool_max{pid="2"} 10
# TYPE pool_busy gauge
pool_busy{pool="a",pid="1"} 2
pool_busy{pool="a",pid="2"} 3
pool_busy{pool="b",pid="1"} 7
pool_busy_limit 99
# TYPE share gauge
share{pid="1"} 0.2
share{pid="2"} 0.9
# TYPE requests_total counter
requests_total{route="/items",status="200"} 1200.0
requests_total{route="/records",status="201"} 3e2
requests_created 1.7e9
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1"} 5
took_seconds_bucket{le="+Inf"} 9
took_seconds_sum 1.5
took_seconds_count 9
# TYPE breaker gauge
breaker{name="model",pid="1"} 1.0
breaker{name="model",pid="2"} 2.0
breaker{name="database"} 0.0
broken NaN
"""


def source(**named: str) -> GaugeSource:
    """A page, with these formulas by gauge."""
    must = {gauge: formulas.parse(text, json=False) for gauge, text in named.items()}
    return GaugeSource("prometheus", "the page", must=must)


def page(names: tuple[str, ...] | None = None) -> Page:
    return parsed(PAGE, names, is_open=False)


def read(**named: str) -> dict[str, float]:
    """The gauges of the page: the same whether all of it is parsed, or only what is named."""
    found = source(**named)
    names = {selector.name for each in found.must.values() for selector in each.selectors}
    values = gauges.values(found, page())
    assert gauges.values(found, page(tuple(names))) == values
    return values


def test_series_of_several_workers_and_pools_are_summed() -> None:
    assert read(pool_size="pool_max", pool_in_use="pool_busy") == {"pool_size": 20, "pool_checked_out": 12}


def test_labels_choose_among_series() -> None:
    assert read(pool_in_use='pool_busy{pool="a"}') == {"pool_checked_out": 5}
    assert read(pool_in_use='pool_busy{pool!="a"}') == {"pool_checked_out": 7}
    assert read(pool_in_use='pool_busy{pool=~"a|b",pid="1"}') == {"pool_checked_out": 9}
    assert read(pool_in_use='pool_busy{pool!~"a.*",other=""}') == {"pool_checked_out": 7}


def test_of_a_share_and_of_a_circuit_breaker_the_worst_worker_counts() -> None:
    assert read(pool_busiest="share") == {"pool_busiest": 0.9}
    assert read(breaker_state="breaker") == {"breaker_state_model": 2, "breaker_state_database": 0}
    assert read(breaker_state_mine='breaker{name="model"}') == {"breaker_state_mine": 2}


def test_a_series_is_not_taken_for_one_whose_name_begins_the_same() -> None:
    assert read(pool_in_use="pool_busy_limit") == {"pool_checked_out": 99}
    assert read(requests="requests_total") == {"requests": 1500}


def test_a_sum_a_difference_a_multiple_and_a_number_are_gauges_too() -> None:
    assert read(pool_size="pool_max + pool_busy_limit - 2 * pool_busy") == {"pool_size": 95}
    assert read(pool_size="25") == {"pool_size": 25}


def test_what_is_not_shown_is_missing_and_never_zero_unless_the_file_says_so() -> None:
    assert read(pool_size="pool_max", retries="retries_total") == {"pool_size": 20}
    assert read(retries="retries_total or 0") == {"retries": 0}
    assert read(requests="nothing or requests_total or 0") == {"requests": 1500}
    assert read(pool_size="pool_max - nothing") == {}
    assert read(pool_size="broken") == {}


def test_openmetrics_is_read_as_well() -> None:
    text = (
        '# TYPE requests counter\nrequests_total 5 # {trace="x"} 1\n# TYPE pool gauge\npool{a="b"} 3\n# EOF\n'
    )
    for names in (None, ("requests_total", "pool")):
        found = parsed(text, names, is_open=True)
        assert gauges.values(source(requests="requests_total", pool_size="pool"), found) == {
            "requests": 5,
            "pool_size": 3,
        }


@pytest.mark.parametrize(
    ("gauge", "text", "words"),
    [
        ("pool_in_use", "pool_bussy", "nothing there is called pool_bussy; did you mean pool_busy"),
        ("pool_in_use", 'pool_busy{pool="c"}', 'has no such labels: it has {pid="1", pool="a"}'),
        ("pool_in_use", "took_seconds", "is part of a histogram, not one value: name took_seconds_count"),
        ("pool_in_use", "took_seconds_bucket", "is part of a histogram, not one value"),
        ("pool_in_use", "requests_total", "requests_total is a counter, and only ever rises"),
        ("pool_in_use", "zzz", "it shows breaker, broken, pool_busy"),
        ("breaker_state", "pool_max", "has no label `name`: write breaker_state_NAME"),
        ("pool_size", "broken", "no number"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_is_there(gauge: str, text: str, words: str) -> None:
    found = source(**{gauge: text})
    (seen,) = gauges.looked(found, page())
    assert words in seen.wrong and seen.required


def test_a_counter_may_be_the_count_of_a_histogram() -> None:
    assert [each.wrong for each in gauges.looked(source(requests="took_seconds_count"), page())] == [""]
    assert [each.wrong for each in gauges.looked(source(retries="retries_total or 0"), page())] == [""]


def test_a_json_document_is_read_by_paths() -> None:
    document = Document(
        {"pool": {"total": 8, "idle": "3"}, "workers": [{"busy": 1}, {"busy": 4}], "active processes": 2}
        | {"breaker": "HALF_OPEN", "up": True, "name": "x"}
    )
    named = {
        "pool_in_use": "$.pool.total - $.pool.idle",
        "in_flight": "$.workers[*].busy",
        "clients": "$['active processes']",
        "breaker_state_model": "$.breaker",
        "pool_waiters": "$.nothing",
        "queue_length": "$.name",
    }
    must = {gauge: formulas.parse(text, json=True) for gauge, text in named.items()}
    found = GaugeSource("json", "the document", must=must)
    assert gauges.values(found, document) == {
        "pool_checked_out": 5,
        "in_flight": 5,
        "clients": 2,
        "breaker_state_model": 1,
    }
    wrong = {seen.gauge: seen.wrong for seen in gauges.looked(found, document)}
    assert "did you mean" in wrong["pool_waiters"] or "it shows $.pool.total" in wrong["pool_waiters"]
    assert "$.name is not a number: 'x'" in wrong["queue_length"]


def test_rows_are_read_by_column_with_the_other_columns_as_labels() -> None:
    rows = Rows(
        ("database", "user", "sv_active", "cl_waiting"),
        [("shop", "app", "7", "2"), ("shop", "job", "1", "0"), ("pgbouncer", "pgbouncer", "0", None)],
    )
    found = source(
        pool_in_use='sv_active{database!="pgbouncer"}', pool_waiters="cl_waiting", clients="sv_activ"
    )
    assert gauges.values(found, rows) == {"pool_checked_out": 8, "pool_waiters": 2}
    assert "no column is called sv_activ; did you mean sv_active?" in gauges.looked(found, rows)[2].wrong


def test_the_same_gauge_of_several_replicas_is_read_together_and_others_apart() -> None:
    a, b, c = source(pool_size="x"), source(queue_length="y"), source(pool_size="z", in_flight="x")
    assert gauges.groups([a, b, c]) == [[b], [a, c]]


def test_values_are_finite() -> None:
    assert all(math.isfinite(value) for value in read(pool_size="broken or 3").values())
