"""Allowed hosts, trusted authorities, and secrets."""
