"""Errors under /api in one shape, whoever raised them, and the request limits of this application."""

from flask import Flask, Response, request

from app.api import auth, problems


def register(app: Flask) -> None:
    auth.prepare(app)
    app.after_request(_shape)


def _shape(response: Response) -> Response:
    """Routing errors (404, 405) happen before a blueprint is known, so they are turned here."""
    if request.path.startswith("/api/"):
        return problems.reshape(response)
    return response
