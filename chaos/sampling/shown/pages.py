"""Pages in Prometheus' text format, or in OpenMetrics, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

import httpx
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as of_openmetrics
from prometheus_client.parser import text_string_to_metric_families as of_text

from chaos.access import trust
from chaos.plugin.handles import GaugeSource
from chaos.sampling.shown import Unreadable, missing
from chaos.spec.formulas import Labels, Selector, Series, Shown

PATIENCE = 1.0  # seconds
_OPENMETRICS = "application/openmetrics-text"
_TYPE = re.compile(r"^# TYPE (\S+) (\S+)", re.M)
_COMMENT = re.compile(r"^#.*\n?", re.M)
_FAMILY = re.compile(r"_(bucket|sum|count|total)$")
_WHOLE = ("_sum", "_count", "_max")
_COMPOUND = ("histogram", "gaugehistogram", "summary")


class Page:
    """One page. Series that differ in their labels only, such as those of several workers, are found together."""

    def __init__(self, families: Iterable[Metric], kinds: Mapping[str, str]) -> None:
        """`kinds`: type of each family."""
        self._kinds = kinds
        self._samples: dict[str, list[tuple[Labels, float]]] = {}
        for sample in chain.from_iterable(family.samples for family in families):
            self._samples.setdefault(sample.name, []).append((sample.labels, float(sample.value)))

    def find(self, selector: Selector) -> Shown:
        assert isinstance(selector, Series)
        found = self._samples.get(selector.name, ())
        return [(labels, value) for labels, value in found if selector.fits(labels)]

    def names(self) -> list[str]:
        return sorted(self._samples)

    def why_not(self, selector: Selector, *, counts: bool) -> str:
        assert isinstance(selector, Series)
        name = selector.name
        kind = self._kinds.get(name) or self._kinds.get(_FAMILY.sub("", name), "unknown")
        if kind in _COMPOUND and not name.endswith(_WHOLE):
            family = name.removesuffix("_bucket")
            return f"{name} is part of a {kind}, not one value: name {family}_count or {family}_sum"
        if name not in self._samples:
            return missing(name, self.names())
        if not self.find(selector):
            return f"{name} has no such labels: it has {_labels(self._samples[name])}"
        if kind == "counter" and not counts:
            return f"{name} is a counter, and only ever rises"
        return ""


class PageReader:
    """Reads what the formulas need of a page, and parses no more of it: a page may have thousands of series."""

    def __init__(self, source: GaugeSource, names: Iterable[str] | None = None) -> None:
        """`names`: of the series to read; None: all."""
        self._url, self._names = source.url, None if names is None else tuple(names)
        self._client = client(source)

    def read(self) -> Page:
        answer = fetched(self._client, self._url)
        try:
            return parsed(
                answer.text, self._names, is_open=_OPENMETRICS in answer.headers.get("content-type", "")
            )
        except (ValueError, KeyError, IndexError) as error:
            raise Unreadable(f"{self._url} is not in Prometheus' text format: {error}") from None

    def close(self) -> None:
        self._client.close()


def parsed(text: str, names: tuple[str, ...] | None, *, is_open: bool) -> Page:
    """The page in a text; only the series whose names begin with one of `names`, or all. Raises ValueError."""
    kinds = dict(_TYPE.findall(text))
    if names is not None:
        wanted: tuple[str, ...] = names
        if is_open:
            kept = (family for family in kinds if any(name.startswith(family) for name in names))
            wanted += (*(f"# TYPE {family} " for family in kept), "# EOF")
        text = "\n".join(line for line in text.splitlines() if line.startswith(wanted)) + "\n"
    elif not is_open:
        text = _COMMENT.sub("", text)  # the parser renames counters by their type
    return Page((of_openmetrics if is_open else of_text)(text), kinds)


def client(source: GaugeSource) -> httpx.Client:
    """A client for one place: it follows no redirects and uses no proxies of the environment."""
    headers: Mapping[str, str] = source.headers
    return httpx.Client(headers=headers, timeout=PATIENCE, trust_env=False, verify=trust.trust(source.url))


def fetched(client: httpx.Client, url: str) -> httpx.Response:
    """The answer. Raises Unreadable."""
    try:
        return client.get(url).raise_for_status()
    except httpx.HTTPStatusError as error:
        raise Unreadable(f"{url} answered {error.response.status_code}") from None
    except httpx.HTTPError as error:
        raise Unreadable(f"{url}: {str(error) or type(error).__name__}") from None


def _labels(samples: list[tuple[Labels, float]]) -> str:
    return ", ".join(dict.fromkeys(_each(samples))) or "none"


def _each(samples: list[tuple[Labels, float]]) -> Iterator[str]:
    for labels, _ in samples[:10]:
        yield "{" + ", ".join(f'{key}="{value}"' for key, value in sorted(labels.items())) + "}"
