"""The SLOs of a file: midnight's own, inline OpenSLO, or `{file: PATH}` for an OpenSLO file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from chaos.errors import FileError, together
from chaos.spec import openslo, wording, yamlfile
from chaos.spec.openslo.objectives import Translated
from chaos.spec.yamlfile import Where

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class SloFile:
    """A document with all `slos` in midnight's own form, and the origin of each."""

    at: Where
    value: Any
    sources: Sequence[Where | Translated]

    def parse(self, model: type[M]) -> M:
        """Validate the document. Raises FileError for every broken rule."""
        try:
            return yamlfile.written(model, self.value)
        except ValidationError as error:
            raise self.broken(error, model, self.value) from None

    def broken(self, error: ValidationError, model: type[BaseModel], value: Any) -> FileError:
        """Return the rules that `value` breaks as one of `model`, each at the place where it was written."""
        return together([self._error(rule) for rule in wording.rules(error, model, value)])

    def _error(self, rule: wording.Rule) -> FileError:
        match rule.place:
            case ("slos", int(index), *rest) if index < len(self.sources):
                source = self.sources[index]
                if isinstance(source, Where):
                    return source.under(*rest).broken(rule.text, rule.value, rule.hint)
                return source.where(*rest).broken(rule.text, rule.value, rule.hint)
        return self.at.under(*rule.place).broken(rule.text, rule.value, rule.hint)


def of_document(at: Where) -> SloFile:
    """Read an experiment's document, or another with `slos` in it. Raises FileError."""
    value = yamlfile.plain(at.document)
    items = at.document.get("slos")
    if not isinstance(items, list):
        return SloFile(at, value, ())
    places = [at.under("slos", index) for index in range(len(items))]
    foreign = [(place, item) for place, item in zip(places, items, strict=True) if openslo.is_openslo(item)]
    found = iter(openslo.translate(foreign))
    slos: list[Any] = []
    sources: list[Where | Translated] = []
    for place, item in zip(places, items, strict=True):
        if openslo.is_openslo(item):
            read = next(found)
        elif isinstance(item, dict) and "file" in item:
            read = _of_file(place, item)
        else:
            slos.append(yamlfile.plain(item))
            sources.append(place)
            continue
        slos += [each.value for each in read]
        sources += read
    return SloFile(at, {**value, "slos": slos}, sources)


def holds_only_objectives(path: Path) -> bool:
    """Return True if the file contains SLOs and no experiment. Raises FileError."""
    documents = yamlfile.read_documents(path)
    if any(openslo.is_openslo(document) for document in documents):
        return True
    only = documents[0] if len(documents) == 1 else None
    return isinstance(only, dict) and "slos" in only and not {"load", "steps"} & set(only)


def of_file(path: Path) -> SloFile:
    """Read an SLO file: midnight's own, or OpenSLO documents. Raises FileError."""
    documents = yamlfile.read_documents(path)
    if any(openslo.is_openslo(document) for document in documents):
        read = _openslo(path, documents)
        return SloFile(Where(path, documents[0]), {"slos": [each.value for each in read]}, read)
    return of_document(Where.read(path))


def _of_file(at: Where, item: dict[str, Any]) -> list[Translated]:
    if len(item) > 1 or not isinstance(item["file"], str):
        raise at.under("file").broken("must be the only key, and the path of an OpenSLO file")
    path = at.path.parent / item["file"]
    if not path.exists():
        raise at.under("file").broken("no such file", str(path))
    return _openslo(path, yamlfile.read_documents(path))


def _openslo(path: Path, documents: Sequence[Any]) -> list[Translated]:
    read = openslo.translate([(Where(path, document), document) for document in documents])
    slos = [each for found in read for each in found]
    if not slos:
        raise FileError(path, None, "", "has no document of kind SLO")
    return slos
