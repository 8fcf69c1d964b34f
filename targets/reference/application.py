"""The Flask application: the API, its OpenAPI page, health and metrics."""

from __future__ import annotations

from flask import Flask, Response, g
from flask_restx import Api
from sqlalchemy import Connection, text

from . import metrics
from .error_log import write_errors_to
from .failures import Unavailable
from .request_log import observe_requests
from .routes import add_routes
from .services import Services, services
from .settings import Config


def create_app(config: Config) -> Flask:
    """One worker's application; its Services are in `extensions["reference"]`, the handler of its error.log in
    `extensions["reference.errors"]`.
    """
    app = Flask("reference")
    shared = services(config)
    app.extensions["reference"] = shared
    errors = write_errors_to(config.logs / "error.log", config.profile.api.log, app.name)
    app.extensions["reference.errors"] = errors
    observe_requests(app, shared.log)
    _add_health(app, shared)
    api = Api(app, title="Reference stack", version="1.0", doc="/docs")
    add_routes(api, shared)

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


def _touch(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))
