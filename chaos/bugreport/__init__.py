"""Pack what a maintainer needs of a run into one archive, without secrets and without identifying names."""

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
    """The content of the archive: text by file name, and the number of names of each kind replaced."""

    files: dict[str, str]
    replaced: dict[str, int]


def located(reference: str) -> RunDir:
    """Find the run as other commands do, or a run directory without `run.json`. Raises UsageError."""
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
    """Read the run and this machine, and remove what must not leave it."""
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
    """Write the archive, readable only by its owner. Overwrites nothing. Raises UsageError."""
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
        raise UsageError(f"{path} exists: choose another file with --output") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot write: {error.strerror or error}") from None
    return path


def _read(run: RunDir) -> tuple[Documents, list[str]]:
    """Return the documents by file, and why other files are left out."""
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
    """Mask what looks like a secret, or has a secret's key."""
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
    """Return the experiment as played, and a summary of the instrument's record."""
    found = {}
    if isinstance(experiment := manifest.get("experiment"), dict):
        clean = names.document(_masked("run.json", experiment))
        found["experiment.yaml"] = stored.as_yaml(clean)
    if windows := masked.get(run.instrument.name):
        found["instrument-summary.json"] = stored.written("summary.json", [stored.summary(windows)])
    return found


def _parts(manifest: dict[str, Any]) -> list[str]:
    """Return the ids of a suite's runs."""
    parts = manifest.get("parts")
    entries = parts if isinstance(parts, list) else []
    return [str(each["run"]) for each in entries if isinstance(each, dict) and "run" in each]
