"""A process that gives, settles, releases and reverses until it is killed at a chosen statement. Started by the tests."""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import event

from app import create_app
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people import queries as people
from app.remedies import actions as remedies
from tests.conftest import settings_for


def main(url: str, folder: str, person_id: int, lead_id: int, case_id: int, run: int, statement: int) -> None:
    app = create_app(settings_for(url, Path(folder)), TESTING=True)
    with app.app_context():
        actor, lead = people.person(person_id).actor, people.person(lead_id).actor  # type: ignore[union-attr]
        seen = 0

        def count(*_call: Any) -> None:
            nonlocal seen
            seen += 1
            if seen == statement:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(db.engine, "before_cursor_execute", count)
        event.listen(db.engine, "commit", lambda _connection: count())
        for number in range(100):
            with suppress(Refusal):
                given = remedies.offer(
                    case_id=case_id, kind="refund", amount=Money(900, "GBP"), reason="race",
                    intent=f"killed-{run}-{number}", actor=actor, now=utc_now(),
                )  # fmt: skip
                if number % 4 == 0:
                    remedies.release(remedy_id=given.id, actor=actor, now=utc_now())
                    continue
                remedies.accept(remedy_id=given.id, amount=Money(500, "GBP"), actor=actor, now=utc_now())
                if number % 4 == 1:
                    remedies.reverse(remedy_id=given.id, reason="error", actor=lead, now=utc_now())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *(int(text) for text in sys.argv[3:]))  # type: ignore[arg-type]
