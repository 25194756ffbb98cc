"""Refuses to run unsafely, and counts what this application answers."""

from flask import Flask

from app.ops import counters, safety


def register(app: Flask) -> None:
    safety.refuse_unsafe(app)
    counters.register(app)
