"""Decisions about people and their secrets. Pure."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

PASS_PHRASE_MIN = 15
PASS_PHRASE_MAX = 128
INVITE_LASTS = timedelta(days=7)
RESET_LASTS = timedelta(minutes=60)
TOKEN_LASTS = timedelta(days=365)


def new_token() -> str:
    """Make a secret of 256 random bits."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Hash a random secret for keeping. One round is enough, since 256 random bits can't be guessed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def clean_email(email: str) -> str:
    return email.strip().lower()


def makes_a_circle(person_id: int, manager_id: int | None, managers: Mapping[int, int | None]) -> bool:
    """Tell whether a manager line would lead back to the person. managers: everyone's manager, by id."""
    seen = {person_id}
    step = manager_id
    while step is not None:
        if step in seen:
            return True
        seen.add(step)
        step = managers.get(step)
    return False


def is_session_over(
    *, seen_at: datetime, expires_at: datetime, ended_at: datetime | None, idle_minutes: int, now: datetime
) -> bool:
    """Tell whether a session has ended: signed out, too long idle, or too old. At the very limit it has."""
    return ended_at is not None or now >= expires_at or now >= seen_at + timedelta(minutes=idle_minutes)
