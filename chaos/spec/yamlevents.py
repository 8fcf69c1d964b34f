"""YAML text as events, scanned by libyaml: fifteen times as fast as ruamel's own scanner; a command reads twenty files.

ruamel still makes the values, so that types and lines are the same. What libyaml refuses, or may read differently, is
read by ruamel's scanner: `yamlproblems` knows its errors.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from ruamel.yaml import events

LIBYAML: Any = getattr(yaml, "CBaseLoader", None)
"""None if PyYAML was built without libyaml."""

_ODD = re.compile(
    r"[^\n -~\u00a1-\u167f\u2010-\u2027\u2030-\u205e\u20a0-\ud7ff]|^%|^\.\.\.|&\S*:|[|>]\S*#", re.MULTILINE
)
"""Where the two scanners differ: tabs, line breaks other than a newline, special spaces, directives, `...` (the second
in a row begins a document for ruamel, not for libyaml), `&a:` and `|#`."""


class NotRead(Exception):
    """libyaml refuses the text, or might read it in another way."""


class Events:
    """A parser for `ruamel.yaml.YAML.Parser`, which knows no comments."""

    def __init__(self, text: str) -> None:
        """Raises NotRead."""
        if LIBYAML is None or _ODD.search(text):
            raise NotRead
        self._parser: Any = LIBYAML(text)
        self._next: Any = None

    def __call__(self, loader: Any) -> Events:
        """Serve that loader: ruamel calls what it is given as a parser."""
        loader._parser = self
        return self

    def check_event(self, *kinds: type) -> bool:
        return isinstance(self.peek_event(), kinds)

    def peek_event(self) -> Any:
        """Raises NotRead."""
        if self._next is None:
            self._next = _translated(self._event())
        return self._next

    def get_event(self) -> Any:
        """Raises NotRead."""
        event, self._next = self.peek_event(), None
        return event

    def dispose(self) -> None:
        self._parser.dispose()

    def _event(self) -> Any:
        try:
            return self._parser.get_event()
        except yaml.YAMLError as error:
            raise NotRead from error


def _translated(event: Any) -> Any:
    """Return ruamel's event for one of PyYAML. Raises NotRead for tags."""
    marks = (event.start_mark, event.end_mark)
    match event:
        case yaml.ScalarEvent(tag=None):
            return events.ScalarEvent(
                event.anchor, None, event.implicit, event.value, *marks, style=event.style
            )
        case yaml.MappingStartEvent(tag=None) | yaml.SequenceStartEvent(tag=None):
            kind = getattr(events, type(event).__name__)
            return kind(event.anchor, None, event.implicit, *marks, flow_style=event.flow_style)
        case yaml.AliasEvent():
            return events.AliasEvent(event.anchor, *marks)
        case yaml.NodeEvent():
            raise NotRead
        case _:
            return getattr(events, type(event).__name__)(*marks)
