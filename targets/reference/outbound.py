"""The outbound dependency: a model provider called over HTTP."""

from __future__ import annotations

import httpx

from .breaker import Guard
from .failures import Unavailable
from .patience import deadline, retried
from .settings import ApiSettings


class Model:
    """Calls the provider; a repeated call is harmless."""

    def __init__(self, url: str, api: ApiSettings) -> None:
        self._api = api
        self._guard = Guard("model", api.breaker, is_model_failure)
        self._client = httpx.Client(
            base_url=url,
            timeout=api.outbound_timeout,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=2.0),
            trust_env=False,
        )

    def complete(self, prompt: str, context: str) -> str:
        """The provider's text. Raises Unavailable if none comes in time."""
        try:
            return self._guard.call(lambda: self._within_deadline(prompt, context))
        except httpx.HTTPError as error:
            raise Unavailable("model", str(error) or type(error).__name__) from error

    def ping(self) -> None:
        """Return once the provider answers. Raises Unavailable otherwise."""
        try:
            self._client.get("/healthz").raise_for_status()
        except httpx.HTTPError as error:
            raise Unavailable("model", str(error) or type(error).__name__) from error

    def _within_deadline(self, prompt: str, context: str) -> str:
        with deadline(self._api.outbound_timeout, "model") as passed:
            return retried(
                lambda: self._once(prompt, context),
                self._api.retries,
                "model",
                is_passing_model_failure,
                too_late=passed,
            )

    def _once(self, prompt: str, context: str) -> str:
        answer = self._client.post("/v1/complete", json={"prompt": prompt, "context": context})
        answer.raise_for_status()
        return str(answer.json()["text"])


def is_model_failure(error: BaseException) -> bool:
    """True if the provider, not the request, is at fault."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.is_server_error
    return isinstance(error, httpx.TransportError) or (
        isinstance(error, Unavailable) and error.what == "model"
    )


def is_passing_model_failure(error: BaseException) -> bool:
    """True if a retry may succeed: always, except after a timeout, which has used up the time."""
    return is_model_failure(error) and not isinstance(error, httpx.TimeoutException)
