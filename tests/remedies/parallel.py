"""One process of a race: takes its share of the offers and says what became of each. Started by the tests."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app import create_app
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people import queries as people
from app.remedies import actions as remedies
from tests.conftest import settings_for


def main(url: str, folder: str, person_id: int, case_id: int, intents: list[str]) -> None:
    app = create_app(settings_for(url, Path(folder)), TESTING=True)

    def one(intent: str) -> str:
        with app.app_context():
            actor = people.person(person_id).actor  # type: ignore[union-attr]
            try:
                remedy = remedies.offer(
                    case_id=case_id, kind="refund", amount=Money(10_000, "GBP"), reason="race", intent=intent,
                    actor=actor, now=utc_now(),
                )  # fmt: skip
                return f"paid:{remedy.id}"
            except Refusal as refusal:
                return refusal.code

    print("ready", flush=True)
    sys.stdin.readline()  # all processes start when the last one is ready
    with ThreadPoolExecutor(4) as pool:
        print(json.dumps(list(pool.map(one, intents))))
    with app.app_context():
        db.engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), json.loads(sys.argv[5]))
