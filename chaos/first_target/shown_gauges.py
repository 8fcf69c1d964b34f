"""Where a service shows its gauges, and which preset knows the names that are shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from chaos.first_target.asking import Asking
from chaos.first_target.draft import Item
from chaos.sampling.shown import Document
from chaos.sampling.shown.documents import Document as JsonDocument
from chaos.sampling.shown.pages import parsed
from chaos.spec import presets
from chaos.spec.formulas import Formula

PAGES = {
    "/metrics": "prometheus",
    "/actuator/prometheus": "prometheus",
    "/debug/vars": "json",
}
_NEAR = re.compile(r"pool|conn|queue|in_?(?:flight|progress|use)|waiter|checked", re.I)
_OF_THE_RUNTIME = ("go_", "process_", "python_", "promhttp_", "jvm_", "nodejs_")
_LIKELY = re.compile(r"(?=.*(?:pool|conn))(?=.*(?:in_?use|active|checked|acquired))", re.I)
_SHOWN = 8
_PLAIN = re.compile(r"[\w.:$\[\]'-]+")


def gauges(asking: Asking) -> Iterator[Item]:
    """One item for each page that is there; how to find one, if none is."""
    nothing = True
    for path, kind in PAGES.items():
        document = _document(asking, path, kind)
        if document is not None:
            nothing = False
            yield from _of(document, path, kind)
    if nothing:
        yield Item(
            f"None of {', '.join(PAGES)} shows any. If a page of the service, or an exporter, shows the pool of"
            " connections: docs/own-service.md#gauges.",
            ('- {prometheus: "http://127.0.0.1:9100/metrics", preset: hikaricp}',),
            on=False,
        )


def _of(document: Document, path: str, kind: str) -> Iterator[Item]:
    found = False
    for name in presets.names():
        preset = presets.named(name)
        shown = [
            gauge
            for part in preset.parts
            for gauge, formula in part.formulas.items()
            if preset.kind == kind and _shows(document, formula)
        ]
        if shown:
            found = True
            yield Item(
                f"GET {path} shows the names of {preset.title}: {', '.join(shown)}.",
                (f'- {{{kind}: "{{base_url}}{path}", preset: {name}}}',),
            )
    if not found:
        names = [name for name in document.names() if _PLAIN.fullmatch(name)]
        near = [name for name in names if _NEAR.search(name) and not name.startswith(_OF_THE_RUNTIME)]
        near = sorted(near, key=lambda name: _LIKELY.match(name) is None)[:_SHOWN]
        said = f"nearest: {', '.join(near)}" if near else "none looks like a pool or a queue"
        first = json.dumps(near[0]) if near else "NAME"
        yield Item(
            f"GET {path} shows {len(names)} names that match no preset; {said}. Map them to gauges"
            " (docs/own-service.md#gauges).",
            (f'- {{{kind}: "{{base_url}}{path}", map: {{pool_in_use: {first}}}}}',),
            on=False,
        )


def _shows(document: Document, formula: Formula) -> bool:
    """Whether a gauge can be read, and not only because the formula says what counts when nothing is shown."""
    known = formula.of(document.find, sum) is not None
    return known and any(document.find(selector) for selector in formula.selectors)


def _document(asking: Asking, path: str, kind: str) -> Document | None:
    answer = asking.get(path)
    if answer is None or not answer.good:
        return None
    try:
        if kind == "json":
            return JsonDocument(json.loads(answer.text))
        page = parsed(answer.text, None, is_open="openmetrics" in answer.kind)
    except (ValueError, KeyError, IndexError, RecursionError):
        return None
    return page if page.names() else None
