"""A Docker Engine: found as the Docker client finds it, asked with timeouts. It carries out and decides nothing."""

from chaos.engine.client import EngineAt, connected, find, ping

__all__ = ["EngineAt", "connected", "find", "ping"]
