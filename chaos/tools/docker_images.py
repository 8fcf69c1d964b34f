"""The images of the stack in containers: the official ones, or equivalents built from this machine's programs.

MIDNIGHT_DOCKER_IMAGES chooses: `official`, `system` or `none`. Unset: the first one available, official first.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chaos import engine
from chaos.engine.client import reason
from chaos.errors import ControlError, ToolMissing
from chaos.tools import docker_engine, equivalents
from chaos.tools.part import Found, Missing

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image

log = logging.getLogger(__name__)

NAME = "Docker images"
REQUIRED = False

OFFICIAL: Mapping[str, str] = {
    "postgres": "postgres:17.6-bookworm",
    "toxiproxy": "ghcr.io/shopify/toxiproxy:2.12.0",
    "python": "python:3.11.11-slim-bookworm",
}
REFERENCE, PROXY = "midnight/reference:0.1.0", "midnight/proxy:0.1.0"
_BUILT = {REFERENCE: ("compose/Dockerfile", "python"), PROXY: ("compose/proxy.Dockerfile", "toxiproxy")}
_CONTENT, SERVED = "midnight.content", "midnight.served"
_BUILD_WITHIN = 900.0  # seconds for each answer while an image is fetched or built
CHOICE = "MIDNIGHT_DOCKER_IMAGES"
REMEDY = "type: midnight doctor --fix"


@dataclass(frozen=True, slots=True)
class Images:
    """Images of the Compose file's services: a tag for each, and its source."""

    postgres: str
    reference: str
    proxy: str
    served: Mapping[str, str]


def find() -> Found | Missing:
    """Check that every image exists and is up to date with targets/."""
    looked = docker_engine.find()
    if isinstance(looked, Missing):
        return Missing(
            NAME,
            "they need a Docker Engine",
            "see the line Docker Engine (not required: for the docker target)",
        )
    try:
        images = ready()
    except ToolMissing as missing:
        return Missing(missing.part, missing.because, missing.remedy)
    return Found(NAME, "; ".join(images.served.values()), images.reference, "found")


def get() -> Found | Missing:
    """Fetch or make missing images, and build midnight's own. Raises ToolMissing."""
    looked = docker_engine.find()
    if isinstance(looked, Missing):
        raise ToolMissing(NAME, "they need a Docker Engine", "see the line Docker Engine (not required)")
    if os.environ.get(CHOICE) == "none":
        raise ToolMissing(NAME, f"{CHOICE} says none", "for the docker target type: midnight doctor --fix")
    try:
        with engine.connected(engine.find(), timeout=_BUILD_WITHIN) as client:
            bases = {name: _base(client, name) or _have(client, name) for name in OFFICIAL}
            for tag, (dockerfile, name) in _BUILT.items():
                _build(client, tag, dockerfile, bases[name])
            _remove_replaced(client)
    except ControlError as error:
        raise ToolMissing(NAME, str(error), "check the engine's message") from error
    return find()


def ready() -> Images:
    """The images as they are now. Raises ToolMissing with the remedy, ControlError."""
    with engine.connected(engine.find()) as client:
        bases = {name: _base(client, name) for name in OFFICIAL}
        if lacking := [name for name, base in bases.items() if base is None]:
            raise ToolMissing(NAME, f"missing or outdated: {', '.join(lacking)}", REMEDY)
        for tag, (_, name) in _BUILT.items():
            base, ours = bases[name], image_of(client, tag)
            if ours is None:
                raise ToolMissing(NAME, f"{tag} is not built", REMEDY)
            if base is not None and ours.labels.get(_CONTENT) != _digest(base):
                raise ToolMissing(NAME, f"{tag} is older than targets/", REMEDY)
        served = {name: told(base) for name, base in bases.items() if base is not None}
        postgres = bases["postgres"]
        assert postgres is not None
        return Images(_tag_of(postgres), REFERENCE, PROXY, served)


def need_reference(client: DockerClient) -> None:
    """Raises ToolMissing if the image of sidecars is missing."""
    if image_of(client, REFERENCE) is None:
        raise ToolMissing(NAME, f"{REFERENCE} is not built", REMEDY)


def need_proxy(client: DockerClient) -> None:
    """Raises ToolMissing if the image of forwarders is missing."""
    if image_of(client, PROXY) is None:
        raise ToolMissing(NAME, f"{PROXY} is not built", REMEDY)


def base_of(client: DockerClient, name: str) -> str:
    """The tag of the `postgres`, `toxiproxy` or `python` image in use here. Raises ToolMissing."""
    found = _base(client, name)
    if found is None:
        raise ToolMissing(NAME, f"no image of {name}", REMEDY)
    return _tag_of(found)


def _base(client: DockerClient, name: str) -> Image | None:
    choice = os.environ.get(CHOICE, "")
    tags = {"official": [OFFICIAL[name]], "system": [_system(name)]}.get(
        choice, [OFFICIAL[name], _system(name)]
    )
    there = [image for tag in tags if (image := image_of(client, tag)) is not None]
    chosen = next((image for image in there if not _is_outdated(image)), None)
    if log.isEnabledFor(logging.DEBUG):
        had = ", ".join(map(_tag_of, there)) or "none"
        taken = "none up to date" if chosen is None else _tag_of(chosen)
        log.debug("%s: looked for %s; there: %s; taken: %s", name, ", ".join(tags), had, taken)
    return chosen


def _is_outdated(image: Image) -> bool:
    """True if an equivalent was built by another version of its recipe."""
    return SERVED in image.labels and image.labels.get(_CONTENT) != _recipe()


def _have(client: DockerClient, name: str) -> Image:
    """Fetch the official image, or build an equivalent if it is unavailable. Raises ToolMissing."""
    from docker.errors import APIError

    choice, because = os.environ.get(CHOICE, ""), "the equivalent is requested"
    if choice != "system":
        try:
            return client.images.pull(OFFICIAL[name])
        except APIError as error:
            because = reason(error)
    if choice == "official":
        raise ToolMissing(NAME, f"{OFFICIAL[name]}: {because}", f"unset {CHOICE}, or make it reachable")
    made = equivalents.MAKERS[name]()
    repository, _, tag = _system(name).partition(":")
    changes = [*made.changes, f'LABEL {SERVED}="{made.of}" {_CONTENT}={_recipe()}']
    client.api.import_image_from_data(made.files.tar(), repository=repository, tag=tag, changes=changes)
    return client.images.get(_system(name))


def _build(client: DockerClient, tag: str, dockerfile: str, base: Image) -> None:
    from docker.errors import BuildError

    there, digest = image_of(client, tag), _digest(base)
    if there is not None and there.labels.get(_CONTENT) == digest:
        return
    try:
        client.images.build(
            fileobj=io.BytesIO(_context()),
            custom_context=True,
            dockerfile=dockerfile,
            buildargs={"BASE": _tag_of(base)},
            labels={_CONTENT: digest},
            tag=tag,
            rm=True,
            forcerm=True,
            network_mode="host",
        )
    except BuildError as error:
        raise ToolMissing(NAME, f"{tag} could not be built: {error.msg}", "see docker build") from error


def _remove_replaced(client: DockerClient) -> None:
    """Remove midnight's images that lost their tag to a newer one; images still in use stay."""
    from docker.errors import APIError

    for image in client.images.list(filters={"dangling": True, "label": _CONTENT}):
        with suppress(APIError):
            client.images.remove(str(image.id))


def image_of(client: DockerClient, tag: str) -> Image | None:
    from docker.errors import ImageNotFound

    try:
        return client.images.get(tag)
    except ImageNotFound:
        return None


def told(image: Image) -> str:
    """The source: what an equivalent was built from, or the official name with the fetched digest."""
    served = image.labels.get(SERVED)
    digests = image.attrs.get("RepoDigests") or []
    digest = f"@{digests[0].partition('@')[2]}" if digests else ""
    return f"equivalent of {served}" if served else f"{_tag_of(image)}{digest}"


def _tag_of(image: Image) -> str:
    """The tag that midnight knows it by; others may have given it tags of their own, and remove them at any time."""
    known = {*OFFICIAL.values(), *map(_system, OFFICIAL)}
    tags = sorted(image.tags, key=lambda tag: tag not in known)
    return next(iter(tags), str(image.id))


def _system(name: str) -> str:
    return f"midnight/{name}:system"


def _files() -> list[tuple[str, Path]]:
    """(path in the build context, file) of everything that midnight's images are built from."""
    root = equivalents.compose_folder().parent
    found = [
        path
        for part in ("compose", "profiles", "reference")
        for path in sorted((root / part).rglob("*"))
        if path.is_file() and path.suffix not in {".pyc", ".env"} and path.name != "compose.yaml"
    ]
    return [(str(path.relative_to(root)), path) for path in found]


def _digest(base: Image) -> str:
    digest = hashlib.sha256(str(base.id).encode())
    for place, path in _files():
        digest.update(f"{place}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _recipe() -> str:
    """Digest of the recipe of equivalents."""
    digest = hashlib.sha256(Path(equivalents.__file__).read_bytes())
    for place, path in _files():
        if place in {"compose/postgres-entrypoint.sh", "compose/requirements.txt"}:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _context() -> bytes:
    """The build context, without timestamps, so that unchanged files hit the cache."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for place, path in _files():
            entry = tarfile.TarInfo(place)
            entry.size, entry.mode = path.stat().st_size, 0o755 if path.suffix == ".sh" else 0o644
            archive.addfile(entry, io.BytesIO(path.read_bytes()))
    return buffer.getvalue()
