"""The file of tokens: one line for each person, unreadable for others."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.errors import FileError
from chaos.web import tokens

ANN, BOB = "a" * 24, "b" * 24


def written(place: Path, text: str, mode: int = 0o600) -> Path:
    file = place / "tokens"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_each_token_has_its_holder(tmp_path: Path) -> None:
    found = tokens.load(written(tmp_path, f"# who may act\nann {ANN}\n\n  bob\t{BOB}\n"))
    assert [found.holder(each) for each in (ANN, BOB, "", "a" * 23, f"{ANN} ")] == [
        "ann",
        "bob",
        None,
        None,
        None,
    ]
    assert found.named


def test_a_new_token_is_long_and_never_the_same() -> None:
    first, second = tokens.new(), tokens.new()
    assert first.by_name != second.by_name
    assert len(first.by_name[""]) >= 43
    assert first.holder(first.by_name[""]) == "" and second.holder(first.by_name[""]) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no token"),
        ("# ann\n", "has no token"),
        ("ann\n", "tokens:1: must be a name and a token"),
        (f"ann {ANN} x\n", "tokens:1: must be a name and a token"),
        (f"ann {ANN[1:]}\n", "24 characters"),
        (f"ann {ANN}\nbob {ANN}\n", "tokens:2: bob: a token must"),
        (f"ann {ANN}\nann {BOB}\n", "tokens:2: must be a name"),
        (f"{'x' * 61} {ANN}\n", "60 characters"),
    ],
)
def test_a_mistake_is_one_line_that_shows_no_token(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FileError) as caught:
        tokens.load(written(tmp_path, text))
    assert said in str(caught.value)
    assert len(str(caught.value)) <= 290 and ANN not in str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(FileError, match="others can read it: type `chmod 600"):
        tokens.load(written(tmp_path, f"ann {ANN}\n", mode))
