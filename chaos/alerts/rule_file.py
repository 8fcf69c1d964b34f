"""Groups of rules, as files have them: Prometheus' own, the operator's PrometheusRule, rendered charts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chaos.errors import FileError
from chaos.spec import yamlfile
from chaos.spec.near import instead
from chaos.spec.userfile import read_text
from chaos.spec.yamlfile import Where

_OF_PROMTOOL = ("name", "interval", "limit", "rules")
_OF_GROUPS = (
    *_OF_PROMTOOL,
    "labels",  # Prometheus 3
    "query_offset",  # Prometheus 2.53
    # of Thanos, Mimir and VictoriaMetrics
    *("partial_response_strategy", "source_tenants", "evaluation_delay", "align_evaluation_time_on_interval"),
    *("concurrency", "tenant", "type", "params", "headers", "eval_offset", "eval_delay", "eval_alignment"),
)
_OF_RULES = ("alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations")
_DEEPEST_LIST = 3
_TEMPLATE_LINE = re.compile(r"^\s*(?:- +)?(?:[\w./\"-]+: *)?\{\{(?!-?\s*\$)", re.MULTILINE)
"""Of a chart. A template of Prometheus is inside text; in a line of its own it mostly begins with a variable."""


def groups(path: Path) -> list[Where]:
    """Return the place of each group. Raises FileError, also for a file that has none."""
    documents = [Where(path, document) for document in _documents(path)]
    holders = [holder for document in documents for holder in _holders(document)]
    if not holders:
        raise documents[0].broken("must be a file of Prometheus rules: `groups:` with `rules:`")
    return [
        holder.under("groups", number) for holder in holders for number in range(len(_list(holder, "groups")))
    ]


def _documents(path: Path) -> list[Any]:
    try:
        return yamlfile.read_documents(path)
    except FileError:
        text = read_text(path)
        found = _TEMPLATE_LINE.search(text)
        if found is None:
            raise
        line = text.count("\n", 0, found.end()) + 1
        rule = "holds Helm templates ({{ }}), which only Helm can read; type: helm template CHART > rendered.yaml"
        raise FileError(path, line, "", rule) from None


def rules(group: Where) -> list[Where]:
    """Return the place of each rule of a group. Raises FileError, also for keys that Prometheus refuses."""
    if not isinstance(group.value(), dict) or not isinstance(group.under("rules").value(), list):
        raise group.broken("must have `rules:`")
    _refuse_others(group, _OF_GROUPS)
    found = [group.under("rules", index) for index in range(len(_list(group, "rules")))]
    for each in found:
        _refuse_others(each, _OF_RULES)
    return found


def labels(group: Where, rule: Where) -> dict[str, str]:
    """The labels of a rule, those of its group and its own, as Prometheus has them: as text, without empty ones.
    Raises FileError."""
    found = dict[str, str]()
    for at in (group.under("labels"), rule.under("labels")):
        for key, value in at.value().items() if isinstance(at.value(), dict) else ():
            if isinstance(value, dict | list):
                raise at.under(key).broken("must be text")
            found[str(key)] = _as_text(value)
    return {key: text for key, text in found.items() if text}


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def for_promtool(path: Path) -> str:
    """Return the file's groups as any promtool reads them: without a group's labels, which its rules get, and without
    what only decides where and how late a rule is evaluated. In JSON, which is YAML."""
    return json.dumps({"groups": [_plain(group) for group in groups(path)]}, default=str)  # YAML has dates


def _plain(group: Where) -> Mapping[str, Any]:
    given = {key: value for key, value in group.value().items() if key in _OF_PROMTOOL}
    return given | {"rules": [_labelled(group, rule) for rule in rules(group)]}


def _labelled(group: Where, rule: Where) -> Mapping[str, Any]:
    given = {key: value for key, value in rule.value().items() if key != "labels"}
    found = labels(group, rule)
    return {**given, "labels": found} if found else given


def _holders(at: Where, depth: int = 0) -> Iterator[Where]:
    """What has `groups:`: the document itself, a PrometheusRule's spec, or those of a List's items. Other Kubernetes
    objects have none."""
    if isinstance(at.under("groups").value(), list):
        yield at
    elif isinstance(at.under("spec", "groups").value(), list):
        yield at.under("spec")
    elif depth < _DEEPEST_LIST:
        for index in range(len(_list(at, "items"))):
            yield from _holders(at.under("items", index), depth + 1)


def _list(at: Where, key: str) -> list[Any]:
    found = at.under(key).value()
    return found if isinstance(found, list) else []


def _refuse_others(at: Where, known: tuple[str, ...]) -> None:
    value = at.value()
    for key in value if isinstance(value, dict) else ():
        if key not in known:
            raise at.under(key).broken(f"unknown key; {instead(str(key), known)}")
