"""The reference stack in containers: targets/compose/compose.yaml, executed by the Docker SDK."""

from chaos.targets.docker.driver import DockerDriver

__all__ = ["DockerDriver"]
