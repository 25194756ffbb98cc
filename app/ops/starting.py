"""What every long-lived process does when it begins: it logs in our form, and lets a tracer in if one is named."""

from importlib import import_module

from flask import Flask

from app.kernel import logs
from config import Settings


def begin(app: Flask) -> None:
    """Configure logs; call the function that MAKEGOOD_INSTRUMENT names with the application (off by default)."""
    settings: Settings = app.extensions["makegood_settings"]
    logs.configure(form=settings.log_form, level=settings.log_level)
    if settings.instrument:
        module, _colon, name = settings.instrument.partition(":")
        getattr(import_module(module), name)(app)
