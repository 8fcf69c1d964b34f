"""`midnight survey` as a user types it, on a copied machine and on this one."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.survey.surveying import MACHINE, MANIFESTS
from tests.typed import refusal, typed

NIGHT = ("survey", "--root", str(MACHINE), "--date", "2026-11-27")


def test_the_night_is_shown_and_exits_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    done = typed(capsys, *NIGHT, *map(str, MANIFESTS))
    assert (done.code, done.err) == (0, "")
    first = done.out.splitlines()[0]
    assert first == "Night of 2026-11-27 22:00 to 06:00 Europe/Berlin: 43 entries, 211 starts, 4 c..."
    assert "00:00  close-day (cron), sitemap (cron)\n       perhaps: logrotate.timer (timer)" in done.out


def test_the_window_is_the_users(capsys: pytest.CaptureFixture[str]) -> None:
    done = typed(capsys, *NIGHT, "--from", "11:30", "--to", "13:00", "--json")
    found = json.loads(done.out)
    started = {entry["name"] for entry in found["entries"] if entry["starts"]}
    assert (found["since"], found["until"]) == ("2026-11-27T10:30:00+00:00", "2026-11-27T12:00:00+00:00")
    assert "at-noon" in started
    assert "pg_dump" not in started


@pytest.mark.parametrize(
    ("day", "line"),
    [
        ("2026-03-28", "! Europe/Berlin: clocks go forward 60 min, 02:00 becomes 03:00"),
        ("2026-10-24", "! Europe/Berlin: clocks go back 60 min, 03:00 becomes 02:00"),
    ],
)
def test_a_night_in_which_clocks_change_is_named(
    capsys: pytest.CaptureFixture[str], day: str, line: str
) -> None:
    out = typed(capsys, "survey", "--root", str(MACHINE), "--date", day).out
    assert line in out.splitlines()
    assert "clocks go" not in typed(capsys, *NIGHT).out


def test_the_page_and_the_experiment_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, experiment = tmp_path / "night.html", tmp_path / "night.yaml"
    done = typed(capsys, *NIGHT, "--html-file", str(page), "--write", str(experiment))
    assert done.code == 0
    assert page.read_text().startswith("<!doctype html>")
    assert f"midnight validate {experiment}" in done.err
    assert sorted(tmp_path.iterdir()) == [page, experiment]
    assert typed(capsys, "validate", str(experiment)).code == 0


def test_a_copy_is_not_changed_and_nothing_outside_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    (root / "etc/cron.d").mkdir(parents=True)
    (root / "etc/cron.d/job").write_text("0 1 * * * root /bin/job\n")
    root.chmod(stat.S_IRUSR | stat.S_IXUSR)
    before = sorted(path.stat().st_mtime_ns for path in root.rglob("*"))
    found = json.loads(typed(capsys, "survey", "--root", str(root), "--json").out)
    assert [entry["source"] for entry in found["entries"]] == ["/etc/cron.d/job:1"]
    assert (found["logs"], found["certificates"], found["unread"]) == ([], 0, [])
    assert sorted(path.stat().st_mtime_ns for path in root.rglob("*")) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--from", "25:00"], "--from must be a time of day such as 22:00, got '25:00'"),
        (["--to", "6"], "--to must be a time of day such as 22:00, got '6'"),
        (["--date", "tonight"], "--date must be a date such as 2026-11-27, got 'tonight'"),
        (["--date", "0001-01-01"], "--date must be between 1971 and 2199, got '0001-01-01'"),
        (["--root", "/no/such/place"], "--root: no such directory: /no/such/place"),
        (["/no/such.yaml"], "no such file: /no/such.yaml"),
        (
            ["--dsn-env", "NO_SUCH_VARIABLE"],
            "--dsn-env: the environment variable NO_SUCH_VARIABLE is not set",
        ),
        (
            ["--write", "/no/such/place/n.yaml"],
            "--write: cannot write /no/such/place/n.yaml: No such file or directory",
        ),
    ],
)
def test_a_wrong_option_is_one_line_and_exits_with_2(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if "--root" not in options:
        options = ["--root", str(MACHINE), *options]
    assert refusal(capsys, "survey", *options) == f"midnight: {message}\n"


def test_an_unreachable_database_is_one_line_without_its_password(capsys: pytest.CaptureFixture[str]) -> None:
    done = typed(capsys, *NIGHT, "--dsn", "postgresql://u:geheim123@127.0.0.1:1/d")
    assert done.code == 0
    (line,) = [line for line in done.out.splitlines() if line.startswith("--dsn: ")]
    assert "geheim123" not in done.printed
    assert len(line) <= 300


def test_this_machine_is_surveyed(capsys: pytest.CaptureFixture[str]) -> None:
    done = typed(capsys, "survey", "--json")
    found = json.loads(done.out)
    assert done.code == 0
    assert all(entry["source"] and entry["zone"] for entry in found["entries"])
    assert all(each["place"] and each["reason"] for each in found["unread"])
