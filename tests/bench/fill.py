"""Fill the product's own tables by bulk SQL: the one place where that is allowed. People and policy go through actions."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from app import create_app
from app.calendars.models import CalendarVersion
from app.cases.category_actions import add_category
from app.cases.models import Case, CaseEvent
from app.customers.identity_actions import sealed_columns, token_rows
from app.customers.models import Customer, CustomerToken
from app.kernel import personal
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.migrations import upgrade
from app.kernel.search import fold
from app.kernel.time import utc_now
from app.sla.models import Clock
from tests.conftest import settings_for
from tests.journeys.conftest import PASS_PHRASE, give_pass_phrases
from tests.people.builders import make_company
from tests.remedies.builders import publish_policy

BATCH = 20_000
CUSTOMERS = 2_000
EVENTS = 12
WITH_EVENTS = 100


def fill(url: str, folder: Path, cases: int) -> dict[str, Any]:
    """Make a company and `cases` cases (nine of ten open), 12 events and 3 clocks on the first 100; returns ids for the load."""
    app = create_app(settings_for(url, folder), TESTING=True)
    with app.app_context():
        upgrade(db.engine)
        company = make_company()
        give_pass_phrases(company)
        publish_policy()
        category = add_category(name="Comfort", actor=command("bench"), now=utc_now())
        ana, category_id = company.ana, category.id
        calendar_id = db.session.query(CalendarVersion.id).limit(1).scalar()
        db.session.remove()
        bulk = db.engine.execution_options(makegood_migration=True, sqlite_begin="IMMEDIATE")
        now = utc_now()
        with bulk.begin() as connection:
            keep_customers(connection, range(1, CUSTOMERS + 1), ana.site_id, now)
        for start in range(1, cases + 1, BATCH):
            numbers = range(start, min(start + BATCH, cases + 1))
            with bulk.begin() as connection:
                connection.execute(insert(Case), [_case(n, ana, category_id, now) for n in numbers])
                _index(connection, numbers, ana.site_id)
        with bulk.begin() as connection:
            connection.execute(
                insert(CaseEvent),
                [
                    {"case_id": n, "at": now - timedelta(minutes=60 - k), "kind": "note" if k else "logged", "actor_id": ana.id,
                     "text": "Rang the guest and told her what we do next. " * 3, "data": {}}
                    for n in range(1, WITH_EVENTS + 1)
                    for k in range(EVENTS)
                ],
            )  # fmt: skip
            connection.execute(
                insert(Clock),
                [
                    _clock(n, milestone, ana, calendar_id, now)
                    for n in range(1, WITH_EVENTS + 1)
                    for milestone in ("acknowledge", "first_response", "resolve")
                ],
            )
            if url.startswith("postgresql"):
                for table in ("customer", "case_file"):
                    connection.execute(
                        text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
                    )
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
        db.engine.dispose()
        return {"email": ana.email, "pass_phrase": PASS_PHRASE, "category_id": category_id}


def keep_customers(connection: Any, numbers: range, site_id: int, now: Any) -> None:
    """Customers as the product keeps them: sealed under a key of each, and found by their digests."""
    secrets_, rows, tokens = personal.configured(), [], []
    for n in numbers:
        said = (f"Guest {n}", f"guest{n}@example.org", None)
        key = personal.new_key()
        wrapped = personal.wrap(key, about=f"customer|{n}", secrets_=secrets_)
        rows.append(
            {"id": n, "site_id": site_id, "created_at": now, "version": 1, "data_key": wrapped, **sealed_columns(n, key, *said, secrets_)}
        )  # fmt: skip
        tokens += token_rows(n, site_id, *said, secrets_)
    connection.execute(insert(Customer), rows)
    connection.execute(insert(CustomerToken), tokens)


def _case(n: int, ana: Any, category_id: int, now: Any) -> dict[str, Any]:
    resolved = n % 10 == 0
    logged = now - timedelta(minutes=n % 500_000 + 60)
    return {
        "id": n, "customer_id": 1 + n % CUSTOMERS, "site_id": ana.site_id, "team_id": ana.team_id, "owner_id": ana.id if n % 40 == 7 else None,
        "category_id": category_id, "severity": n % 5, "channel": "desk", "attribution": "company",
        "summary": f"Air conditioning failed in room {n % 900}", "description": "It was hot. " * 20, "occurred_at": logged, "received_at": logged,
        "logged_at": logged, "state": "resolved" if resolved else "open", "resolved_at": now if resolved else None,
        "next_due_at": now + timedelta(minutes=n % 200_003 - 500), "given_minor": n % 5_000, "reopened_count": 0, "historic": False,
        "version": 1, "updated_at": now,
    }  # fmt: skip


def _clock(n: int, milestone: str, ana: Any, calendar_id: int | None, now: Any) -> dict[str, Any]:
    return {
        "case_id": n, "case_ref": f"MG-{n}", "milestone": milestone, "severity": n % 5, "site_id": ana.site_id, "team_id": ana.team_id,
        "owner_id": None, "calendar_version_id": calendar_id, "target_seconds": 28_800, "started_at": now, "soon_at": now + timedelta(hours=6),
        "due_at": now + timedelta(hours=8), "historic": True, "version": 1,
    }  # fmt: skip


def _index(connection: Any, numbers: range, site_id: int) -> None:
    rows = [
        {"id": n, "body": fold(f"site{site_id}only MG-{n} Air conditioning failed in room {n % 900}" + (" zephyr" if n % 9973 == 5 else ""))}
        for n in numbers
    ]  # fmt: skip
    if connection.dialect.name == "sqlite":
        connection.execute(text("INSERT INTO case_search (rowid, body) VALUES (:id, :body)"), rows)
    else:
        connection.execute(
            text("INSERT INTO case_search (rowid, body) VALUES (:id, array_to_tsvector(string_to_array(:body, ' ')))"),
            rows,
        )
