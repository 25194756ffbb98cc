"""The "Can I?" panel beside a case, while its room may not be open yet."""

from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from app.cases.models import Case
from app.kernel.actor import Actor


def panel_for(case: Case, actor: Actor, now: datetime) -> Any:
    if find_spec("app.remedies.panel") is None:
        return None
    return import_module("app.remedies.panel").panel_for(case, actor, now)
