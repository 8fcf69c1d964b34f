"""The command line of a container as it runs: with its variables filled in, as far as the files say them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from chaos.audit.environment import Variable
from chaos.audit.expansion import expanded
from chaos.audit.interpolation import as_far_as_known, beside, in_the_shell, unknown
from chaos.audit.node import Node, as_number
from chaos.audit.workload import Container

_QUOTES = "\"'"
_LETTER = re.compile(r"-\w")


def words(container: Container, variables: Mapping[str, Variable]) -> list[str]:
    """Return the words without quotes. What is unknown in them stays as `${NAME}` or `$(NAME)`."""
    is_service = container.workload.item.is_service
    parts = ("entrypoint", "command") if is_service else ("command", "args")
    fill = _in_compose if is_service else _in_kubernetes
    return [
        word.strip(_QUOTES)
        for part in parts
        for node in _texts(container.node.at(part))
        for word in fill(node, variables).split()
    ]


def option(words: Sequence[str], names: Sequence[str]) -> float | None:
    """Return the number that an option is given, as `--name 3`, `--name=3` or `-n3`."""
    numbers = (as_number(each) for _, each in _given(words, names))
    return next((each for each in numbers if each is not None), None)


def is_unknown(words: Sequence[str], names: Sequence[str]) -> bool:
    """Return True if an option has a value, and that is no number: a variable that the files do not say."""
    given = [(name, value) for name, value in _given(words, names) if value and value[0] != "-"]
    return option(words, names) is None and any(
        "$" in value or not _LETTER.fullmatch(name) for name, value in given
    )


def _given(words: Sequence[str], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for word, following in zip(words, [*words, ""][1:], strict=True):
        name, equals, value = word.partition("=")
        if name in names:
            yield name, value if equals else following
        elif _LETTER.match(word) and word[:2] in names:
            yield word[:2], word[2:]


def _texts(given: Node) -> Iterator[Node]:
    if given.text:
        yield given
    yield from given.each()


def _in_compose(node: Node, variables: Mapping[str, Variable]) -> str:
    return as_far_as_known(node.text, beside(node.path) if "$" in node.text else {}, _values(variables))


def _in_kubernetes(node: Node, variables: Mapping[str, Variable]) -> str:
    known = {each.name: each.value for each in variables.values() if each.value is not None}
    return in_the_shell(expanded(node.text, known), _values(variables))


def _values(variables: Mapping[str, Variable]) -> dict[str, str]:
    """As a shell has them: one that the files do not say has a value, so no default is in force."""
    return {
        each.name: unknown(each.name) if each.value is None else each.value for each in variables.values()
    }
