"""The Flask application: the API, its OpenAPI page, health and metrics."""

from __future__ import annotations

import logging

from flask import Flask, Response, g
from flask_restx import Api
from sqlalchemy import Connection, text

from . import metrics
from .failures import Unavailable
from .request_log import observe_requests
from .routes import add_routes
from .services import Services, services
from .settings import Config


def create_app(config: Config) -> Flask:
    """One worker's application; its Services are in `extensions["reference"]`."""
    app = Flask("reference")
    shared = services(config)
    app.extensions["reference"] = shared
    observe_requests(app, shared.log)
    _add_health(app, shared)
    api = Api(app, title="Reference stack", version="1.0", doc="/docs")
    add_routes(api, shared)
    # A traceback per refused request would load the disk while something is already failing.
    app.logger.addFilter(_is_no_refusal)

    @api.errorhandler(Unavailable)  # type: ignore[untyped-decorator]
    def unavailable(error: Unavailable) -> tuple[dict[str, str], int]:
        """A dependency is unavailable."""
        g.because = str(error)
        return {"message": str(error)}, 503

    return app


def _add_health(app: Flask, shared: Services) -> None:
    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    def readyz() -> tuple[dict[str, str], int]:
        try:
            shared.database.run(_touch)
            shared.model.ping()
        except Unavailable as error:
            return {"status": "not ready", "because": str(error)}, 503
        return {"status": "ready"}, 200

    @app.get("/metrics")
    def exposed() -> Response:
        return Response(metrics.exposition(), mimetype="text/plain")


def _is_no_refusal(record: logging.LogRecord) -> bool:
    return record.exc_info is None or not isinstance(record.exc_info[1], Unavailable)


def _touch(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))
