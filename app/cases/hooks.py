"""Where higher rooms take part in a case's deeds, inside the same transaction; a hook may refuse."""

from collections.abc import Callable
from datetime import datetime

from app.cases.models import Case
from app.kernel.actor import Actor

# Each is called with the case, who resolves it, and when; it may raise a Refusal.
before_resolve: list[Callable[[Case, Actor, datetime], None]] = []
