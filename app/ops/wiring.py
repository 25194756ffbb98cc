"""Refuses to run unsafely, and counts and notes what this application answers."""

from typing import Any

from flask import Flask
from flask_login import current_user

from app.ops import bounds, counters, outages, request_log, safety, sent_twice
from app.people.access import is_signed_in
from app.people.words import ROLE_WORDS


def register(app: Flask) -> None:
    safety.refuse_unsafe(app)
    counters.register(app)
    bounds.register(app)
    outages.register(app)
    sent_twice.register(app)
    request_log.register(app)
    app.context_processor(_raised)


def _raised() -> dict[str, Any]:
    """What every page of somebody with a higher role says, and how it is given back."""
    if not is_signed_in() or current_user.raised_until is None:
        return {"raised_until": None}
    role = ROLE_WORDS[current_user.person.role]
    return {"raised_until": current_user.raised_until, "raise_id": current_user.raise_id, "raised_role": role}
