"""Leaks: what grew with the requests of a route, until which limit, and where it comes from."""
