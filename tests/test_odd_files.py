"""A file that is no file, has no end or is absurd: refused at once, in one line, with 2."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.errors import FileError
from chaos.spec.secret import Secret
from chaos.spec.userfile import MOST_TEXT, read_json, read_text
from chaos.spec.yamltext import MOST_NODES
from chaos.targets.attach import processes
from chaos.targets.attach.options import ProcessAt
from tests.checks.synthetic import Night
from tests.typed import refusal

QUICK = 10.0  # processor seconds: what is read to its end takes minutes, or never ends


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _directory(path: Path) -> None:
    path.mkdir()


def _comments(path: Path) -> None:
    path.write_text("# nothing but words\n" * 1_500_000)


def _binary(path: Path) -> None:
    path.write_bytes(b"\xff\xfe" + bytes(1000))


ODD: dict[str, tuple[Callable[[Path], None], str]] = {
    "a pipe": (_pipe, "is a pipe"),
    "an endless device": (_zeros, "is a device"),
    "a directory": (_directory, "is a directory"),
    "30 MB of comments": (_comments, "is larger than 512 kB"),
    "no text": (_binary, "is not UTF-8 text"),
}

COMMANDS = {
    "an experiment": ["run", "FILE"],
    "a file to validate": ["validate", "FILE"],
    "a target": ["run", "smoke", "--target", "FILE"],
    "a suite or experiment of a gate": ["gate", "FILE"],
    "objectives of a gate": ["gate", "smoke", "--slo", "FILE"],
    "objectives of a stored run": ["judge", "RUN", "--slo", "FILE"],
    "a baseline": ["gate", "smoke", "--baseline", "FILE"],
    "schedules": ["schedule", "validate", "FILE"],
    "a file to show": ["show", "FILE"],
    "a target to take down": ["stack", "down", "--target", "FILE"],
}


@pytest.fixture
def run(own_place: Path) -> Path:
    return Night().write(own_place / "stored")[1].run.path


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """What was said, by a command that has not worked for it."""
    begun, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = refusal(capsys, *argv)
    spent = time.process_time() - begun
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    assert spent < QUICK, said
    assert grown < 200_000, f"{grown} kB"
    return said


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_reads_it(
    command: str, odd: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, words = ODD[odd]
    file = tmp_path / "odd.yaml"
    make(file)
    if command == "a baseline":  # its own rules: a run's directory may be given, and it is JSON
        words = {"a directory": "not a stored run", "30 MB of comments": "cannot be read"}.get(odd, words)
    argv = [{"FILE": str(file), "RUN": str(run)}.get(word, word) for word in COMMANDS[command]]
    said = refused(capsys, *argv)
    assert "odd.yaml" in said and words in said


def test_an_experiment_does_not_bring_it_in_as_its_objectives(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del run
    os.mkfifo(tmp_path / "slo.yaml")
    file = tmp_path / "objectives.yaml"
    file.write_text("slos: [{file: slo.yaml}]\n")
    assert f"{tmp_path / 'slo.yaml'}: is a pipe" in refused(capsys, "validate", str(file))


@pytest.mark.parametrize(
    "name", ["verdict.json", "events.jsonl", "samples.jsonl", "hits.npy", "decision.json"]
)
def test_a_stored_run_with_a_pipe_in_it_is_not_judged(
    name: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / name).unlink(missing_ok=True)
    os.mkfifo(run / name)
    assert f"{name}: is a pipe" in refused(capsys, "judge", str(run))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: " + "[" * 100_000, "is nested too deeply"),
        ("a: " + "{a: " * 1_000, "is nested too deeply"),
        ("- " * 20_000, "is nested too deeply"),
        ("? " * 20_000, "is nested too deeply"),
        ("\n".join(" " * depth + "a:" for depth in range(900)), "is nested too deeply"),
        ("a: 1\n---\n" * (MOST_TEXT // 9 + 1), "is larger than"),
    ],
    ids=["lists", "mappings", "items", "keys", "blocks", "documents"],
)
def test_a_file_that_is_nested_or_long_beyond_sense_is_refused(
    text: str, words: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del run
    file = tmp_path / "odd.yaml"
    file.write_text(text)
    assert words in refused(capsys, "validate", str(file))


def test_a_file_with_too_many_keys_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text("\n".join(f"a{number}: 1" for number in range(MOST_NODES)))
    assert f"holds more than {MOST_NODES} keys and values" in refusal(capsys, "validate", str(file))


def test_a_secret_is_not_read_from_it(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    os.mkfifo(file)
    with pytest.raises(Exception, match=f"header: file {file} is a pipe: write its content to a file first"):
        Secret(file=file).read("header")


def test_a_process_is_not_found_by_it(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    os.mkfifo(file)
    with pytest.raises(Exception, match=f"pid file {file} is a pipe"):
        processes.find([ProcessAt(pid_file=file)], "processes: api")


def test_a_link_to_a_file_and_a_file_of_the_greatest_size_are_read(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("x" * MOST_TEXT)
    link.symlink_to(file)
    assert len(read_text(link)) == MOST_TEXT
    file.write_text("x" * (MOST_TEXT + 1))
    with pytest.raises(FileError, match="is larger than 512 kB"):
        read_text(link)


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000, "3"])
def test_a_file_that_is_not_a_json_object_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "file.json"
    file.write_text(text)
    with pytest.raises(FileError, match=r"file\.json"):
        read_json(file)
