"""How a proposed change of role stands: it can be confirmed, or it says why not. Pure."""

from datetime import datetime, timedelta
from typing import Literal

LASTS = timedelta(days=7)
REASON_MIN, REASON_MAX = 10, 500
LEAST = "frontline"  # with which everybody begins; whatever is above it takes two

Standing = Literal["open", "expired", "fallen", "left", "changed"]


def standing(
    *, role_before: str, role_now: str, is_active: bool, is_proposer_entitled: bool, ends_at: datetime, now: datetime
) -> Standing:
    """Say how an undecided proposal stands; at its very end it has expired.

    left: the person no longer works here. changed: their role is another than the proposer saw. fallen: who proposed it
    is no longer an administrator, or the program's token was revoked.
    """
    if not is_active:
        return "left"
    if role_now != role_before:
        return "changed"
    if not is_proposer_entitled:
        return "fallen"
    return "expired" if now >= ends_at else "open"
