"""A dump of any format is restored, its roles aside; what a query expected and did not find fails."""

from __future__ import annotations

import gzip
import os
from datetime import timedelta
from pathlib import Path

import pytest

from tests.backup_check.production import Production, digest
from tests.backup_check.restoring import Restoring
from tests.postgres.servers import execute

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def custom(production: Production) -> Path:
    return production.dump("custom.dump", "--format=custom")


@pytest.mark.parametrize(
    "form",
    [
        "custom",
        *(pytest.param(form, marks=pytest.mark.full) for form in ("directory", "tar", "plain", "plain.gz")),
    ],
)
def test_a_dump_is_restored_and_queried(production: Production, restoring: Restoring, form: str) -> None:
    production.beat()
    path = production.dump(f"of-{form}", f"--format={form.removesuffix('.gz')}")
    if form == "plain.gz":
        path.write_bytes(gzip.compress(path.read_bytes()))
    before = digest(path)
    done = restoring("dump", path, database="app", jobs=2)
    assert digest(path) == before
    wanted = {"restored": "pass", "rto": "pass", "rpo": "pass", "kept": "pass", "files": "not exercised"}
    assert {name: done.outcomes[name] for name in wanted} == wanted, done.headline
    described = done.event("backup", "described").detail
    assert described["format"] == form.removesuffix(".gz")
    assert described["dumped_from"] == int(production.primary.installation.version.split(".")[0])
    assert all(len(digest) == 64 for digest in done.event("backup", "identified").detail["sha256"].values())


def query(name: str, sql: str, **expectations: object) -> dict[str, object]:
    return {"name": name, "sql": sql, **expectations}


QUERIES = {
    "pass": [
        query("between", "SELECT 5", at_least=5, at_most=5),
        query("numeric", "SELECT 12.5::numeric", equals=12.5),
        query("text", "SELECT 'v42'", equals="v42"),
        query("truth", "SELECT true", equals=True),
        query("none", "SELECT n FROM kept WHERE n < 0", rows=0),
        query("three", "SELECT n FROM kept WHERE n <= 3", rows=3),
    ],
    "fail": [
        query("too_few", "SELECT count(*) FROM kept", at_least=10**6),
        query("too_many", "SELECT count(*) FROM kept", at_most=10),
        query("another", "SELECT 'v41'", equals="v42"),
        query("null", "SELECT max(n) FROM kept WHERE n < 0", at_least=0),
        query("rows", "SELECT n FROM kept", rows=1),
        query("several", "SELECT n FROM kept", at_least=0),
        query("no_table", "SELECT 1 FROM nothing", rows=1),
        query("no_database", "SELECT 1", rows=1, database="elsewhere"),
    ],
    "unknown": [
        query("syntax", "SELEC 1", rows=1),
        query("slow", "SELECT pg_sleep(5)", rows=1, within="100ms"),
        query("writing", "CREATE TABLE made ()", rows=1),
    ],
}


def test_each_query_result_is_compared_with_the_expected_one(restoring: Restoring, custom: Path) -> None:
    done = restoring("dump", custom, queries=[each for some in QUERIES.values() for each in some])
    for outcome, queries in QUERIES.items():
        found = {str(each["name"]): done.outcomes[str(each["name"])] for each in queries}
        assert found == {str(each["name"]): outcome for each in queries}
    assert done.ending.exit_code == 1


def test_a_heartbeat_in_the_future_and_one_too_old_are_named(
    production: Production, restoring: Restoring, custom: Path
) -> None:
    done = restoring("dump", custom, experiment={"limits": {"rpo": "1ms", "rto": "1ms"}})
    assert (done.outcomes["rpo"], done.outcomes["rto"]) == ("fail", "fail")
    assert "> 1 ms: the newest heartbeat is from" in done.headline
    production.beat("clock_timestamp() + interval '1 hour'")
    future = production.dump("future.dump", "--format=custom")
    execute(production.primary, "DELETE FROM heartbeat WHERE at > clock_timestamp()")
    done = restoring("dump", future)
    assert done.outcomes["rpo"] == "fail"
    assert "in the future: a clock is wrong" in done.headline
    age = done.findings["rpo"].measured
    assert age is not None and timedelta(seconds=-age) > timedelta(minutes=58)


@pytest.mark.full
@pytest.mark.parametrize(
    ("heartbeat", "outcome", "because"),
    [
        ({"table": "gone", "column": "at"}, "fail", 'relation "gone" does not exist'),
        ({"table": "heartbeat", "column": "no"}, "fail", 'column "no" does not exist'),
        ({"table": "kept", "column": "n"}, "unknown", "has no times"),
        ({"table": "public.heartbeat", "column": "at"}, "pass", ""),
    ],
)
def test_a_heartbeat_that_cannot_be_read_is_not_a_pass(
    restoring: Restoring, custom: Path, heartbeat: dict[str, str], outcome: str, because: str
) -> None:
    done = restoring("dump", custom, heartbeat=heartbeat)
    assert done.outcomes["rpo"] == outcome
    assert because in done.findings["rpo"].because


@pytest.mark.full
def test_the_pattern_chooses_the_dump_among_the_files_beside_it(
    restoring: Restoring, custom: Path, tmp_path: Path
) -> None:
    place = tmp_path / "dumps"
    place.mkdir()
    (place / "monday.dump").write_bytes(custom.read_bytes())
    (place / "monday.dump.sha256").write_text("not a dump")
    os.utime(place / "monday.dump", (1, 1))
    assert restoring("dump", place, pattern="*.dump").outcomes["restored"] == "pass"
