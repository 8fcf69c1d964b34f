"""An image is called by midnight's own tag for it, whatever tags others give it meanwhile."""

from __future__ import annotations

import secrets

import pytest
from docker import DockerClient

from chaos.tools import docker_images

pytestmark = pytest.mark.real


def test_a_tag_that_others_gave_an_image_is_not_used(client: DockerClient) -> None:
    known = docker_images.base_of(client, "postgres")
    image = client.images.get(known)
    others = f"aaa-test-{secrets.token_hex(3)}:1"  # the engine lists it first
    image.tag(others)
    try:
        assert docker_images.base_of(client, "postgres") == known
    finally:
        client.images.remove(others)
