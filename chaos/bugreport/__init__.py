"""One archive with what a maintainer needs of a run, without its secrets and without names that say whose it is."""

from __future__ import annotations

import io
import os
import tarfile
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from chaos.bugreport import here, learning, readme, stored
from chaos.bugreport.placeholders import Placeholders
from chaos.errors import UsageError
from chaos.record import redact, secret_forms, store
from chaos.record.redact import MASK
from chaos.record.store import RunDir
from chaos.spec.secret_values import is_secret

Documents = dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Report:
    """What is in the archive: text by file name, and how many names of each kind were replaced."""

    files: dict[str, str]
    replaced: dict[str, int]


def located(reference: str) -> RunDir:
    """The run named as in other commands, or the directory of one that has no `run.json`. Raises UsageError."""
    try:
        return store.find_run(reference)
    except UsageError:
        if (found := _broken_run(reference)) is None:
            raise
        return found


def _broken_run(reference: str) -> RunDir | None:
    given = Path(reference)
    below = [] if not reference else list(store.reports_dir().glob("*/*"))
    found = [each for each in below if each.name.startswith(reference) or each.name.endswith(f"-{reference}")]
    found = [given] if given.is_dir() else found
    runs = [
        run for run in map(RunDir, found) if any((run.path / name).exists() for name in stored.records(run))
    ]
    return RunDir(runs[0].path.resolve()) if len(runs) == 1 else None


def collect(run: RunDir) -> Report:
    """Read what there is of the run, and of this machine, and take out what must not leave it."""
    documents, refused = _read(run)
    manifest = next((each for each in documents.get(run.run_file.name, ()) if isinstance(each, dict)), {})
    learning.learn_secrets(manifest)
    documents |= {
        "versions.json": [here.versions()],
        "settings.json": [here.settings()],
        "doctor.json": [here.examined()],
    }
    masked = {name: [_masked(name, each) for each in found] for name, found in documents.items()}
    names = learning.placeholders(manifest)
    for found in masked.values():
        names.see(found)
    files = {name: stored.written(name, names.document(found)) for name, found in masked.items()}
    files |= _derived(masked, manifest, run, names)
    notes = [names.text(secret_forms.mask(redact.known(note))) for note in refused]
    files["README.txt"] = readme.text(run.id, files, names.counts, notes, _parts(manifest))
    return Report(files, names.counts)


def write(run: RunDir, report: Report, output: Path | None) -> Path:
    """The archive, readable by its owner alone; nothing is overwritten. Raises UsageError."""
    path = output or Path(f"midnight-bugreport-{run.id}.tar.gz")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in report.files.items():
            content = text.encode(errors="replace")
            entry = tarfile.TarInfo(f"midnight-bugreport-{run.id}/{name}")
            entry.size, entry.mode, entry.mtime = len(content), 0o600, int(time.time())
            archive.addfile(entry, io.BytesIO(content))
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(opened, "wb") as file:
            file.write(buffer.getvalue())
    except FileExistsError:
        raise UsageError(f"{path}: exists already; name another with --output") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def _read(run: RunDir) -> tuple[Documents, list[str]]:
    """The documents by file, and why others are not among them."""
    documents: Documents = {}
    refused = []
    for name in stored.records(run):
        try:
            documents[name] = stored.read(run.path / name)
        except stored.NotTaken as error:
            refused.append(f"{name}: {error}")
    refused += [f"{each}: not packed" for each in stored.left_out(run)]
    return documents, refused


def _masked(name: str, document: Any) -> Any:
    if isinstance(document, str):
        return secret_forms.mask(redact.known(document))
    known = redact.known.redactor
    return _without_forms(known.record(document) if name == "run.json" else known.document(document), "")


def _without_forms(node: Any, key: str) -> Any:
    """Without what has the form of a secret, or stands under the name of one."""
    if isinstance(node, dict):
        return {_formless(str(name)): _without_forms(value, str(name)) for name, value in node.items()}
    if isinstance(node, list):
        return [_without_forms(value, key) for value in node]
    if isinstance(node, str):
        return MASK if node and is_secret(key, "a value") else _formless(node)
    return MASK if is_secret(key, node) else node


@lru_cache(10_000)  # samples have the same keys on every line
def _formless(text: str) -> str:
    return secret_forms.mask(text)


def _derived(masked: Documents, manifest: dict[str, Any], run: RunDir, names: Placeholders) -> dict[str, str]:
    """The experiment as it was played, and the instrument's record in a few figures."""
    found = {}
    if isinstance(experiment := manifest.get("experiment"), dict):
        clean = names.document(_masked("run.json", experiment))
        found["experiment.yaml"] = stored.as_yaml(clean)
    if windows := masked.get(run.instrument.name):
        found["instrument-summary.json"] = stored.written("summary.json", [stored.summary(windows)])
    return found


def _parts(manifest: dict[str, Any]) -> list[str]:
    """The ids of the runs that a suite is made of."""
    parts = manifest.get("parts")
    entries = parts if isinstance(parts, list) else []
    return [str(each["run"]) for each in entries if isinstance(each, dict) and "run" in each]
