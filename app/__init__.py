"""Makegood: case management in which the frontline makes things good, inside limits that the company wrote down."""

import uuid
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from flask import Flask, g, request

from app.kernel import asked
from app.kernel.database import db, prepare_engine
from app.kernel.transactions import guard_engine
from config import Settings, read_settings

# Every room, from the ground up; the import contract in pyproject.toml has the same order.
ROOMS = (
    "kernel",
    "audit",
    "calendars",
    "ui",
    "people",
    "notifications",
    "attachments",
    "customers",
    "policies",
    "budgets",
    "sla",
    "cases",
    "approvals",
    "messages",
    "remedies",
    "promises",
    "feedback",
    "problems",
    "insights",
    "reviews",
    "privacy",
    "home",
    "portal",
    "intake",
    "demo",
    "api",
    "ops",
)


def create_app(settings: Settings | None = None, **overrides: Any) -> Flask:
    """Build the application for one set of settings; `overrides` go into Flask's own configuration."""
    settings = settings or read_settings()
    app = Flask(__name__, instance_path=settings.instance_path, static_folder=str(Path(__file__).parent / "ui/static"))
    app.config.from_mapping(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings),
        MAX_CONTENT_LENGTH=10 * 1024 * 1024,
        MAX_FORM_PARTS=200,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
        TRUSTED_HOSTS=list(settings.trusted_hosts),
        SESSION_COOKIE_NAME="__Host-makegood" if settings.is_https else "makegood",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        BABEL_DEFAULT_LOCALE="en",
        BABEL_TRANSLATION_DIRECTORIES="translations",
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.config.from_mapping(overrides)
    app.request_class, app.url_map.converters["int"] = asked.Request, asked.Number
    app.extensions["makegood_settings"] = settings
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
        guard_engine(db.engine)
    app.before_request(_name_request)
    for room in ROOMS:
        _open_room(app, room)
    return app


def _engine_options(settings: Settings) -> dict[str, Any]:
    if settings.database_url.startswith("sqlite"):
        return {"hide_parameters": True, "connect_args": {"timeout": 10, "check_same_thread": False}}
    return {
        "hide_parameters": True,
        "pool_size": 10,
        "max_overflow": 10,
        "pool_pre_ping": False,
        "connect_args": {"options": "-c timezone=UTC -c idle_in_transaction_session_timeout=15000"},
    }


@cache
def _part(room: str, part: str) -> ModuleType | None:
    """One file of a room, or None where it has none. Asked once in a process: a test makes an application of its own."""
    name = f"app.{room}.{part}"
    if find_spec(f"app.{room}") is None or find_spec(name) is None:
        return None
    return import_module(name)


def _open_room(app: Flask, room: str) -> None:
    """Load what a room has: models, hooks, pages, commands, invariants."""
    for part in ("models", "hooks", "wiring", "views", "commands", "invariants"):
        module = _part(room, part)
        if module is None:
            continue
        if part == "views":
            app.register_blueprint(module.bp)
        elif part in ("hooks", "commands", "wiring") and hasattr(module, "register"):
            module.register(app)


def _name_request() -> None:
    g.request_id = uuid.uuid4().hex
    g.address = request.remote_addr
