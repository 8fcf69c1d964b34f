"""What mends a mistake is a field of its error: the words of a rule may change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaos.errors import FileError, Hint, UnknownKey, together
from chaos.spec import assumed, broken, near
from chaos.spec.experiment import Experiment
from chaos.spec.yamlfile import Where

PATH = Path("paint.yaml")


def error(rule: str, *keys: str, hint: Hint) -> FileError:
    return FileError(PATH, 1, ": ".join(keys), rule, None, keys, hint)


def check(mistake: FileError, mended: Any) -> Any:
    """A reader that knows a mistake, and another one only where that is mended."""

    def read(document: Any) -> None:
        if not mended(document):
            raise mistake
        raise FileError(PATH, 2, "pot", "leaks", None, ("pot",))

    return read


@pytest.mark.parametrize(
    ("document", "keys", "hint", "mended"),
    [
        (
            {"hue": "gren", "pot": 1},
            ("hue",),
            Hint(("green", "blue")),
            lambda d: d.get("hue") in ("green", "blue"),
        ),
        (
            {"hu": "x", "pot": 1},
            ("hu",),
            Hint(unknown_key=UnknownKey("?", "hue")),
            lambda d: d.get("hue") == "x",
        ),
        (
            {"hue x": None, "pot": 1},
            ("hue x",),
            Hint(unknown_key=UnknownKey("?", "hue", "x")),
            lambda d: d.get("hue") == "x",
        ),
        (
            {"zz": 1, "pot": 1},
            ("zz",),
            Hint(unknown_key=UnknownKey("?", needless=True)),
            lambda d: "zz" not in d,
        ),
        (
            {"hue": {"a": 1}, "pot": 1},
            ("hue",),
            Hint(is_kind=True),
            lambda d: isinstance(d.get("hue", 1), int),
        ),
    ],
)
def test_a_mistake_is_mended_whatever_its_rule_is_called(
    document: Any, keys: tuple[str, ...], hint: Hint, mended: Any
) -> None:
    mistake = error("is off", *keys, hint=hint)
    with pytest.raises(FileError) as found:
        assumed.thorough(PATH, document, check(mistake, mended))
    assert [each.rule for each in found.value.each] == ["is off", "leaks"]


def test_a_key_that_something_else_may_need_is_left_alone() -> None:
    mistake = error("is off", "zz", hint=Hint(unknown_key=UnknownKey("?")))
    with pytest.raises(FileError) as found:
        assumed.thorough(PATH, {"zz": 1, "pot": 1}, check(mistake, lambda d: "zz" not in d))
    assert [each.rule for each in found.value.each] == ["is off"]


def test_an_unknown_name_has_those_that_may_be_meant() -> None:
    known = ["read", "write", "usage"]
    assert near.hint("raed", known) == Hint(("read",))
    assert near.hint("nope", known) == Hint(tuple(known))
    rule = broken.unknown("no route", "raed", known, "route")
    assert (str(rule), rule.place, rule.hint) == ("no route; did you mean read?", ("route",), Hint(("read",)))
    assert rule.under("slos", 0).place == ("slos", 0, "route") and rule.under("slos", 0).hint == rule.hint
    found = Where(PATH, {}).unknown("no route", "nope", known)
    assert (found.rule, found.hint) == ("no route; known: read, write, usage", Hint(tuple(known)))


def test_a_validators_error_has_the_choices_the_bound_or_the_key() -> None:
    with pytest.raises(FileError) as raised:
        Where(PATH, {"if_missing": "x", "instrumnt": {}, "steps": 3, "title": {"a": 1}}).parse(Experiment)
    hints = {each.keys: each.hint for each in raised.value.each}
    assert "leave_out" in hints["if_missing",].values
    assert (
        hints["instrumnt",].unknown_key is not None and hints["instrumnt",].unknown_key.meant == "instrument"
    )
    assert hints["steps",].is_kind and hints["title",].is_kind


def test_several_errors_keep_their_hints() -> None:
    one, other = (error(rule, rule, hint=Hint((rule,))) for rule in ("a", "b"))
    assert [each.hint.values for each in together([one, other]).each] == [("a",), ("b",)]
