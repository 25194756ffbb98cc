"""Refuses to run unsafely, and counts and notes what this application answers."""

from flask import Flask

from app.ops import bounds, counters, request_log, safety


def register(app: Flask) -> None:
    safety.refuse_unsafe(app)
    counters.register(app)
    bounds.register(app)
    request_log.register(app)
