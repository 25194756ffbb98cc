"""Counts what this application answers."""

from flask import Flask

from app.ops import counters


def register(app: Flask) -> None:
    counters.register(app)
