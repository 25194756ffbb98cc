"""One process of a race between offers and merges: does its orders in four threads and says what became of each."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from app import create_app
from app.customers import merge_actions
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people import queries as people
from app.remedies import actions as remedies
from tests.conftest import settings_for


def main(url: str, folder: str, orders: list[dict[str, Any]]) -> None:
    app = create_app(settings_for(url, Path(folder)), TESTING=True)

    def one(order: dict[str, Any]) -> str:
        with app.app_context():
            actor = people.person(order["person"]).actor  # type: ignore[union-attr]
            try:
                if order["deed"] == "merge":
                    merge_actions.merge(
                        customer_id=order["gone"], into_id=order["stays"], reason="race", actor=actor, now=utc_now()
                    )
                    return "merged"
                remedies.offer(
                    case_id=order["case"], kind="refund", amount=Money(order["minor"], "GBP"), reason="race",
                    intent=order["intent"], actor=actor, now=utc_now(),
                )  # fmt: skip
                return "paid"
            except Refusal as refusal:
                return refusal.code

    print("ready", flush=True)
    sys.stdin.readline()  # all processes start when the last one is ready
    with ThreadPoolExecutor(4) as pool:
        print(json.dumps(list(pool.map(one, orders))))
    with app.app_context():
        db.engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
