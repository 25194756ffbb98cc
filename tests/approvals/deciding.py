"""One process of a race for one decision. Started by the tests."""

import json
import sys
from pathlib import Path

from app import create_app
from app.approvals import actions as approvals
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.time import utc_now
from app.people import queries as people
from tests.conftest import settings_for


def main(url: str, folder: str, person_id: int, outcome: str, exception_ids: list[int]) -> None:
    app = create_app(settings_for(url, Path(folder)), TESTING=True)
    print("ready", flush=True)
    sys.stdin.readline()  # all processes start when the last one is ready
    found = []
    with app.app_context():
        actor = people.person(person_id).actor  # type: ignore[union-attr]
        for exception_id in exception_ids:
            try:
                approvals.decide(
                    exception_id=exception_id, outcome=outcome, amount=None, reason="So.", actor=actor, now=utc_now()
                )
                found.append("decided")
            except Refusal as refusal:
                found.append(f"{refusal.code}: {refusal}")
        db.session.remove()
        db.engine.dispose()
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], json.loads(sys.argv[5]))
