"""Restoring the team's own backup into a scratch cluster: found, restored, looked into, thrown away."""
