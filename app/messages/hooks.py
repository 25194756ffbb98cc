"""What higher rooms do when a mail has opened a case, inside the same deed."""

from collections.abc import Callable
from datetime import datetime

from app.cases.models import Case

# Called with the case and the instant, after the case and its first message are there.
on_opened: list[Callable[[Case, datetime], None]] = []
