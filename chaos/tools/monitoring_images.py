"""The images of the monitoring beside the stack in containers: the official ones, or equivalents built from this
machine's programs. MIDNIGHT_DOCKER_IMAGES chooses, as for the stack's own images."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from chaos import engine
from chaos.engine.client import reason
from chaos.errors import ControlError, ToolMissing
from chaos.tools import docker_engine, docker_images, monitoring
from chaos.tools.closure import Closure
from chaos.tools.command import which
from chaos.tools.part import Found, Missing

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image

NAME = "Docker images of the monitoring"
REQUIRED = False

OFFICIAL: Mapping[str, str] = {
    "prometheus": "prom/prometheus:v2.53.4",
    "alertmanager": "prom/alertmanager:v0.27.0",
    "node_exporter": "prom/node-exporter:v1.8.2",
    "blackbox_exporter": "prom/blackbox-exporter:v0.25.0",
}
_CONTENT = "midnight.monitoring"
_BUILD_WITHIN = 300.0  # seconds for each answer while an image is fetched or made
_NOBODY = 65534
_NEEDED = {
    "alertmanager": Path("/usr/share/prometheus/alertmanager")
}  # without its templates it does not start
# Replaces the program of that name: a health check only needs to know that the server answers.
_WGET = b"""#!/bin/bash
url=${!#}; at=${url#http://}; host=${at%%/*}
exec 3<>"/dev/tcp/${host%:*}/${host#*:}" || exit 1
printf 'GET /%s HTTP/1.0\\r\\n\\r\\n' "${at#*/}" >&3
read -r _ status _ <&3
[ "$status" = 200 ]
"""


def find() -> Found | Missing:
    """Check that every image exists and is up to date."""
    looked = docker_engine.find()
    if isinstance(looked, Missing):
        return Missing(NAME, "they need a Docker Engine", "see the line Docker Engine (not required)")
    try:
        told = ready()
    except ToolMissing as missing:
        return Missing(missing.part, missing.because, missing.remedy)
    return Found(NAME, "; ".join(told.values()), ", ".join(told), "found")


def get() -> Found | Missing:
    """Fetch the images, or make them from this machine's programs. Raises ToolMissing."""
    looked = docker_engine.find()
    if isinstance(looked, Missing):
        raise ToolMissing(NAME, "they need a Docker Engine", "see the line Docker Engine (not required)")
    if os.environ.get(docker_images.CHOICE) == "none":
        raise ToolMissing(NAME, f"{docker_images.CHOICE} says none", docker_images.REMEDY)
    try:
        with engine.connected(engine.find(), timeout=_BUILD_WITHIN) as client:
            for name in OFFICIAL:
                if _there(client, name) is None:
                    _have(client, name)
    except ControlError as error:
        raise ToolMissing(NAME, str(error), "check the engine's message") from error
    return find()


def ready() -> dict[str, str]:
    """The tag of each image, and what it is. Raises ToolMissing with the remedy, ControlError."""
    with engine.connected(engine.find()) as client:
        found = {name: _there(client, name) for name in OFFICIAL}
    if lacking := [name for name, image in found.items() if image is None]:
        raise ToolMissing(NAME, f"missing or outdated: {', '.join(lacking)}", docker_images.REMEDY)
    return {name: docker_images.told(image) for name, image in found.items() if image is not None}


def tags() -> dict[str, str]:
    """The tag of each image. Raises ToolMissing, ControlError."""
    with engine.connected(engine.find()) as client:
        found = {name: _there(client, name) for name in OFFICIAL}
        return {name: _tag(name, image) for name, image in found.items() if image is not None}


def _tag(name: str, image: Image) -> str:
    return OFFICIAL[name] if OFFICIAL[name] in image.tags else _own(name)


def _there(client: DockerClient, name: str) -> Image | None:
    choice, both = os.environ.get(docker_images.CHOICE, ""), [OFFICIAL[name], _own(name)]
    for tag in {"official": both[:1], "system": both[1:]}.get(choice, both):
        image = docker_images.image_of(client, tag)
        if image is not None and image.labels.get(_CONTENT, _recipe()) == _recipe():
            return image
    return None


def _have(client: DockerClient, name: str) -> None:
    from docker.errors import APIError

    choice, because = os.environ.get(docker_images.CHOICE, ""), "the equivalent is requested"
    if choice != "system":
        try:
            client.images.pull(OFFICIAL[name])
            return
        except APIError as error:
            because = reason(error)
    if choice == "official":
        remedy = f"unset {docker_images.CHOICE}, or make it reachable"
        raise ToolMissing(NAME, f"{OFFICIAL[name]}: {because}", remedy)
    files, of = _equivalent(name)
    repository, _, tag = _own(name).partition(":")
    changes = [
        f'ENTRYPOINT ["/usr/bin/{name}"]',
        "ENV PATH=/usr/bin:/bin",
        f"USER {_NOBODY}:{_NOBODY}",
        f'LABEL {docker_images.SERVED}="{of}" {_CONTENT}={_recipe()}',
    ]
    client.api.import_image_from_data(files.tar(), repository=repository, tag=tag, changes=changes)


def _equivalent(name: str) -> tuple[Closure, str]:
    """The program, the shell that its health check needs, and places to write to. Raises ToolMissing."""
    part = next(each for each in monitoring.SERVERS if name == each.NAME)
    found = part.find()
    if isinstance(found, Missing):
        raise found.error()
    files, binary = Closure(), part.find_binary()
    files.program(binary)
    if binary != Path(f"/usr/bin/{name}"):
        files.link(f"/usr/bin/{name}", str(binary))
    for needed in ("bash", "sh"):
        if (program := which(needed)) is not None:
            files.program(program)
    files.file("/usr/bin/wget", _WGET, 0o755)
    for place in ("/prometheus", "/alertmanager"):
        files.directory(place, 0o755, _NOBODY)
    if (tree := _NEEDED.get(name)) is not None and tree.is_dir():
        files.tree(tree)
    return files, f"{name} {found.version}, this machine's"


def _own(name: str) -> str:
    return f"midnight/{name}:system"


def _recipe() -> str:
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
