"""What docs/own-service.md shows of requests can be typed as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.midnight import PROJECT
from tests.typed import typed

TEXT = (PROJECT / "docs/own-service.md").read_text()


def shown(heading: str) -> str:
    """The first YAML block under a heading."""
    section = TEXT.partition(f" {heading}\n")[2]
    found = re.search(r"```yaml\n(.*?)```", section, re.S)
    assert found is not None
    return found[1]


def refused(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    target = tmp_path / "shop.yaml"
    target.write_text(text)
    done = typed(capsys, "validate", str(target))
    return done.err if done.code else ""


def test_every_example_is_valid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("users.csv").write_text("name,pin\nAda,1815\n")
    whole, rows = shown("Requests"), shown("Rows of your own")
    session, expectations = shown("Session"), shown("Expectations").removeprefix("routes:\n")
    grown = whole.replace("routes:\n", f"{session}routes:\n{rows}{expectations}")
    assert refused(whole, tmp_path, capsys) == refused(grown, tmp_path, capsys) == ""
    assert "Authorization: {token} is not a name" in refused(
        grown.replace("take: {token:", "take: {other:"), tmp_path, capsys
    )
    Path("users.csv").write_text("name\nAda\n")
    assert "users.csv:2: has no pin, which {row.pin} needs" in refused(grown, tmp_path, capsys)


SERVICES = re.split(r"^## ", TEXT.partition("\n## Three services, tried\n")[2], flags=re.M)[0]
TRIED = re.findall(r"```yaml\n# (\w+\.yaml)\n(.*?)```", SERVICES, re.S)


@pytest.mark.parametrize(("name", "text"), TRIED, ids=[name for name, _ in TRIED])
def test_what_was_written_for_three_services_is_valid_and_a_first_night_plays_on_it_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    target = tmp_path / name
    target.write_text(text)
    assert typed(capsys, "validate", str(target)).code == 0
    planned = typed(capsys, "plan", "first", "--target", str(target))
    assert planned.code == 0, planned.printed
    left_out = [line for line in planned.out.splitlines() if "not exercised" in line]
    assert len(left_out) == ("gauges:" not in text), planned.out


def test_three_services_were_tried() -> None:
    assert [name for name, _ in TRIED] == ["keys.yaml", "orders.yaml", "feeds.yaml"]
