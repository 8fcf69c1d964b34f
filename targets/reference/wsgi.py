"""The WSGI entry point for gunicorn: `reference.wsgi:app`."""

from __future__ import annotations

from .application import create_app
from .settings import load

app = create_app(load())
