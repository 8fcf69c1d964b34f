"""The reference stack in containers: what targets/compose/compose.yaml says, carried out by the Docker SDK."""

from chaos.targets.docker.driver import DockerDriver

__all__ = ["DockerDriver"]
