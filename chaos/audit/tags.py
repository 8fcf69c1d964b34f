"""YAML tags in manifests: Compose's `!override` and `!reset`, and `!!str`."""

from __future__ import annotations

from typing import Any

from ruamel.yaml.comments import TaggedScalar

_OVERRIDE, _RESET, _TEXT = "!override", "!reset", "tag:yaml.org,2002:str"


def fill_in(document: Any) -> None:
    """Put plain values in place of tagged ones; of `!reset`, None. Mappings and lists keep `!override`."""
    waiting, seen = [document], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not isinstance(node, dict | list):
            continue
        seen.add(id(node))
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            value = node[key]
            plain = _plain(value)
            if plain is not value:
                node[key] = plain
            waiting.append(plain)


def is_override(value: Any) -> bool:
    """Return True for a mapping or a list that replaces the one it would be merged with."""
    return _tag(value) == _OVERRIDE


def _plain(value: Any) -> Any:
    tag = _tag(value)
    if tag == _RESET:
        return None
    return value.value if isinstance(value, TaggedScalar) and tag in (_OVERRIDE, _TEXT) else value


def _tag(value: Any) -> str:
    return str(getattr(getattr(value, "tag", None), "value", ""))
