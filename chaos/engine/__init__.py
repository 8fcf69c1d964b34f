"""A Docker Engine: found as the Docker client finds it, asked with timeouts. It carries out and decides nothing."""

from chaos.engine.client import connected, find, ping

__all__ = ["connected", "find", "ping"]
