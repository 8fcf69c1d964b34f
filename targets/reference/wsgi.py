"""What gunicorn serves: `reference.wsgi:app`."""

from __future__ import annotations

from .application import create_app
from .settings import load

app = create_app(load())
