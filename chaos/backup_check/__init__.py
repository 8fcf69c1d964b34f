"""Restore the team's own backup into a scratch cluster: find it, restore it, inspect it, discard it."""
