"""One process of a race about offers: the customer accepts, or the desk takes back; says what became of each. Started by the tests."""

import json
import sys
from pathlib import Path

from app import create_app
from app.kernel.actor import customer
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.time import utc_now
from app.people import queries as people
from app.portal import answer_actions as answers
from app.remedies import actions as remedies
from app.remedies.models import Remedy
from tests.conftest import settings_for


def main(url: str, folder: str, person_id: int, deed: str, remedy_ids: list[int]) -> None:
    app = create_app(settings_for(url, Path(folder)), TESTING=True)
    with app.app_context():
        person = people.person(person_id)
        assert person is not None
        first = db.session.get_one(Remedy, remedy_ids[0])
        case_id, hers = first.case_id, customer("CU-1", first.site_id)
        db.session.remove()
        print("ready", flush=True)
        sys.stdin.readline()
        said = []
        for remedy_id in remedy_ids:
            try:
                if deed == "withdraw":
                    remedies.withdraw(remedy_id=remedy_id, actor=person.actor, now=utc_now())
                else:
                    answers.accept(
                        case_id=case_id, remedy_id=remedy_id, intent=f"race-{deed}-{remedy_id}", actor=hers, now=utc_now()
                    )  # fmt: skip
                said.append("done")
            except Refusal as refusal:
                said.append(refusal.code)
        print(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], json.loads(sys.argv[5]))
