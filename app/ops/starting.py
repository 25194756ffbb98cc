"""What every long-lived process does when it begins: it logs in our form, and lets a tracer in if one is named."""

from importlib import import_module

from flask import Flask

from app.kernel import logs
from app.ops import bounds
from config import Settings


def begin(app: Flask, *, is_web: bool = False) -> None:
    """Configure logs, bound a web process's statements, and call what MAKEGOOD_INSTRUMENT names (nothing by default)."""
    settings: Settings = app.extensions["makegood_settings"]
    logs.configure(form=settings.log_form, level=settings.log_level)
    if is_web:
        bounds.bound_statements(app)
    if settings.instrument:
        module, _colon, name = settings.instrument.partition(":")
        getattr(import_module(module), name)(app)
