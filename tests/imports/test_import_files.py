"""What `midnight import` writes: a target file, routes added to one, an experiment; and what it refuses."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from ruamel.yaml import YAML

from chaos import cli
from chaos.imports import importing, writing
from chaos.spec import experiment, target
from tests.imports.recorded import BASE, RECORDINGS, entry, har

EXISTING = """\
# Ours, and it stays so.
name: shop   # the shop
driver: attach
routes:

  # the busiest
  read:   {path: "/items/{item}",   items: 5}     # aligned
  other:
    path: /other

# and this, too
options:
    base_url: "http://127.0.0.1:1"
"""


def midnight(*argv: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(["import", *argv])
    return int(ended.value.code or 0)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return har(
        tmp_path / "shop.har",
        entry(url=f"{BASE}/items/4"),
        entry("POST", f"{BASE}/read", 201, body=("application/json", '{"a": 1}')),
    )


def test_a_new_target_is_written_with_an_experiment(recording: Path, tmp_path: Path) -> None:
    written, play = tmp_path / "shop.yaml", tmp_path / "load.yaml"
    assert midnight("har", str(recording), "--into", str(written), "--experiment", str(play)) == 0
    assert list(target.load(written).routes) == ["get-items-item", "post-read"]
    assert experiment.load(play).load.mix == {"get-items-item": 1.0, "post-read": 1.0}


def test_without_a_file_the_target_is_printed(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert midnight("har", str(recording)) == 0
    shown = capsys.readouterr()
    assert "\nroutes:\n" in shown.out and "midnight: 2 routes" in shown.err


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_routes_are_added_and_everything_else_stays_to_the_byte(
    recording: Path, tmp_path: Path, newline: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ours.yaml"
    before = EXISTING.replace("\n", newline).encode()
    path.write_bytes(before)
    assert midnight("har", str(recording), "--into", str(path)) == 0
    after = path.read_bytes()
    at = before.index(f"{newline}# and this".encode())
    assert after.startswith(before[:at]) and after.endswith(before[at:])
    assert list(target.load(path).routes) == ["read", "other", "post-read"]
    assert "read already exists: left unchanged" in capsys.readouterr().err
    assert midnight("har", str(recording), "--into", str(path)) == 0
    assert path.read_bytes() == after, "a second import changes nothing"


def test_a_target_without_routes_gets_them_at_its_end(recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text("name: ours\ndriver: attach\noptions: {base_url: 'http://127.0.0.1:1'}")
    assert midnight("har", str(recording), "--into", str(path)) == 0
    assert list(target.load(path).routes) == ["get-items-item", "post-read"]


def test_a_name_that_is_taken_gets_a_number(recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text("name: ours\ndriver: attach\nroutes:\n    post-read: {path: /elsewhere}\n")
    assert midnight("har", str(recording), "--into", str(path)) == 0
    routes = target.load(path).routes
    assert routes["post-read"].path == "/elsewhere" and routes["post-read-2"].path == "/read"


def test_the_mix_names_routes_that_were_there_by_their_name(recording: Path, tmp_path: Path) -> None:
    path, play = tmp_path / "ours.yaml", tmp_path / "load.yaml"
    path.write_text(EXISTING)
    assert midnight("har", str(recording), "--into", str(path), "--experiment", str(play)) == 0
    assert set(experiment.load(play).load.mix) == {"read", "post-read"}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("name: a\ndriver: attach\nroutes: {read: {path: /}}\n", "is written in braces"),
        ("name: a\ndriver: attach\nroutes: [1]\n", "routes"),
        ("name: a\n", "driver"),
        ("- 1\n", "must be keys with values"),
    ],
)
def test_a_file_that_cannot_take_routes_is_refused_and_left_alone(
    recording: Path, tmp_path: Path, text: str, rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(text)
    assert midnight("har", str(recording), "--into", str(path)) == 2
    shown = capsys.readouterr().err
    assert rule in shown and shown.count("\n") == 1
    assert path.read_text() == text and [each.name for each in tmp_path.glob("*.part")] == []


def test_an_experiment_that_exists_is_never_replaced(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    play = tmp_path / "load.yaml"
    play.write_text("mine")
    assert midnight("har", str(recording), "--into", str(tmp_path / "a.yaml"), "--experiment", str(play)) == 2
    assert "exists: name another file" in capsys.readouterr().err
    assert play.read_text() == "mine" and not (tmp_path / "a.yaml").exists()


def test_standard_input_is_read(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.BufferedReader(io.BytesIO(recording.read_bytes()))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stdin))
    assert midnight("har", "-") == 0


def test_rare_routes_are_left_out_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = har(tmp_path / "a.har", entry(), entry(), entry(), entry(url=f"{BASE}/rare"))
    assert midnight("har", str(path), "--routes", "1") == 0
    shown = capsys.readouterr()
    assert "/rare" not in shown.out and "1 rarer route, 25.0% of the requests" in shown.err


@pytest.mark.parametrize(
    ("argv", "rule"),
    [
        (["har", "--base-url", "ftp://a"], "--base-url must be"),
        (["har", "--base-url", "http://user:password1@a"], "--base-url must be"),
        (["access-log", "--timezone", "Mars/Olympus"], "--timezone must be a zone"),
        (["access-log", "--timezone", "../etc/passwd"], "--timezone must be a zone"),
    ],
)
def test_a_wrong_option_is_one_line(
    argv: list[str], rule: str, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert midnight(argv[0], str(recording), *argv[1:]) == 2
    shown = capsys.readouterr().err
    assert rule in shown and shown.count("\n") == 1 and "password1" not in shown


def test_every_recording_makes_files_that_load(tmp_path: Path) -> None:
    kinds = {"shop.yaml": "openapi", "users.json": "openapi", "pets.yaml": "openapi", "load.js": "k6"}
    for name, kind in kinds.items():
        path, play = tmp_path / f"{name}.yaml", tmp_path / f"{name}-load.yaml"
        assert midnight(kind, str(RECORDINGS / name), "--into", str(path), "--experiment", str(play)) == 0
        routes = target.load(path).routes
        assert set(experiment.load(play).load.mix) == set(routes)


def test_the_rates_of_an_experiment_are_those_of_the_recording(tmp_path: Path) -> None:
    play = tmp_path / "load.yaml"
    assert midnight("k6", str(RECORDINGS / "load.js"), "--experiment", str(play)) == 0
    phases = {phase.name: phase.rate for phase in experiment.load(play).load.phases}
    assert phases == {"warm": 80, "night": 0.5, "wake": 80, "recovery": 80}
    assert "# scenario night" in play.read_text()


@pytest.mark.parametrize(
    "value",
    [
        "a: b",
        "#",
        "{",
        "'\"",
        "yes",
        "0x1",
        "1e3",
        "",
        " ",
        "~",
        "2026-01-31",
        "\u2028\x00\x85\ufeff",
        "[" * 300,
        "k" * 2000,
    ],
)
def test_text_is_written_so_that_it_is_read_again(value: str) -> None:

    for given in (value, [value], {"k": value}, {value or "k": [{"a": value}]}):
        assert YAML(typ="safe", pure=True).load(f"x: {writing.value(given)}\n") == {"x": given}


def test_a_comment_of_a_recording_stays_a_comment(tmp_path: Path) -> None:
    path = tmp_path / "api.json"
    path.write_text(
        '{"openapi": "3.0.0", "paths": {"/a": {"get": {"summary": "x\\nroutes: {}\\u2028y: 1"}}}}'
    )
    written = importing.target(importing.from_openapi(str(path), None), 9, None)
    assert "# x?routes: {}?y: 1\n" in written.text
