"""One process of a race over windows of every unit: offers at random, ends some, and says what became of each."""

import json
import random
import sys
from contextlib import suppress
from pathlib import Path

from app import create_app
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people import queries as people
from app.remedies import actions as remedies
from tests.conftest import settings_for


def main(url: str, folder: str, seed: int, requests: int, persons: list[int], cases: list[int]) -> None:
    app, draw = create_app(settings_for(url, Path(folder)), TESTING=True), random.Random(seed)
    answers: list[list[object]] = []
    print("ready", flush=True)
    sys.stdin.readline()  # all processes start when the last one is ready
    for number in range(requests):
        with app.app_context():
            actor = people.person(draw.choice(persons)).actor  # type: ignore[union-attr]
            is_money = draw.random() < 0.8
            amount = Money(draw.choice((1_000, 5_000, 9_999)) if is_money else 0, "GBP")
            try:
                given = remedies.offer(
                    case_id=draw.choice(cases), kind="refund" if is_money else "upgrade", amount=amount, reason="race",
                    intent=f"race-{seed}-{number}", actor=actor, now=utc_now(),
                )  # fmt: skip
            except Refusal as refusal:
                answers.append([refusal.code, units_of(refusal)])
            else:
                answers.append(["paid", []])
                with suppress(Refusal):
                    deed = draw.choice((remedies.accept, remedies.decline, None, None))
                    if deed:
                        deed(remedy_id=given.id, actor=actor, now=utc_now())
            db.session.remove()
    print(json.dumps(answers))
    with app.app_context():
        db.engine.dispose()


def units_of(refusal: Refusal) -> list[str]:
    """The windows that refused: the one that ran out in the statement, or those that the judge found exceeded."""
    if "window" in refusal.details:
        return [refusal.details["window"]["unit"]]
    return [window["unit"] for window in refusal.details["decision"]["windows"] if window["exceeded"]]


if __name__ == "__main__":
    main(
        sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), json.loads(sys.argv[5]), json.loads(sys.argv[6])
    )  # fmt: skip
