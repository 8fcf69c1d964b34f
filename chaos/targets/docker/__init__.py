"""The reference stack in containers: what targets/compose/compose.yaml says, carried out by the Docker SDK."""

from chaos.engine.client import require_sdk

require_sdk()

from chaos.targets.docker.driver import DockerDriver  # noqa: E402  only where the SDK is there

__all__ = ["DockerDriver"]
