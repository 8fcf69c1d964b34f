"""Allowed hosts, trusted authorities, and secrets; connection strings and URLs taken apart."""
