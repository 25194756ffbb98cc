"""Which tables may change without an audit entry: these, by name, and no other."""

import pytest
from flask import Flask
from sqlalchemy import text

from app.kernel.database import Base, db
from app.kernel.transactions import AUDIT_TABLE, TECHNICAL_TABLES, UnauditedWrite, transaction

# Each with the reason why nobody needs to account for it.
DOCUMENTED = {
    "alembic_version": "the schema's own revision",
    "sign_in_session": "its beginning and end are entries; 'last seen' is not a deed",
    "sign_in_throttle": "counts failed sign-ins",
    "used_state": "which answers of the company's sign-in were taken; the sign-in itself is an entry",
    "portal_throttle": "counts guessed links and reports by the public forms",
    "known_device": "which browsers a person has signed in from; each sign-in is an entry",
    "passkey_challenge": "a question to a browser, good for five minutes; what it proves is an entry",
    "request_count": "how many requests of one key there were in the last two minutes",
    "lease": "which process runs the jobs",
    "heartbeat": "when that process was last alive",
    "outbox_attempt": "tries of a delivery; the message itself is audited",
    "outbox_handover": "tries that are handing their message over; they are gone once the outcome is known",
    "payout_look": "when a provider was asked how a payout stands; what it told is audited",
    "idempotency_answer": "repeats of answers; the deed itself is audited",
    "rollup_day": "derived numbers that can be rebuilt",
    "rollup_mark": "how far that folding has come",
    "audit_seal": "the chain over the entries themselves",
    "audit_clause": "which entries name which clause; derived from the entries themselves",
    "audit_checkpoint": "signed roots over the entries themselves",
    "audit_block": "roots of the tree's parts, derived from the seals",
    "checkpoint_receipt": "which checkpoint was handed over to which place outside",
    "probe": "shows that the database can be written",
    "case_search": "derived from audited rows",
    "employee_digest": "derived from audited rows",
    "customer_token": "derived from audited rows",
    "customer_look": "the last day of which a reader's look is an entry; the look itself is the entry",
    "search_dirty": "what the search index has yet to take in",
    "message_draft": "what somebody types and has not sent; sending is an entry",
}


def test_the_technical_tables_are_exactly_the_documented_ones() -> None:
    assert set(TECHNICAL_TABLES) == set(DOCUMENTED)


def test_every_business_table_is_guarded(app: Flask) -> None:
    """Every table of the product that isn't named above refuses a commit without an entry."""
    unguarded = []
    for table in Base.metadata.sorted_tables:
        if table.name in TECHNICAL_TABLES or table.name == AUDIT_TABLE:
            continue
        try:
            with transaction():
                db.session.execute(text(f'DELETE FROM "{table.name}" WHERE 1 = 0'))
        except UnauditedWrite:
            continue
        unguarded.append(table.name)
    assert unguarded == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {column} = {column} WHERE 1 = 0",
        "WITH chosen AS (SELECT 1 AS n) UPDATE {table} SET {column} = {column} WHERE 1 = 0",
        "/* a comment first */ DELETE FROM {table} WHERE 1 = 0",
        "INSERT INTO {table} ({column}) SELECT {column} FROM {table} WHERE 1 = 0",
    ],
)
def test_no_way_of_writing_goes_round_the_guard(app: Flask, statement: str) -> None:
    table = next(
        table
        for table in Base.metadata.sorted_tables
        if table.name not in TECHNICAL_TABLES and not table.name.startswith("audit_")
    )
    column = next(iter(table.primary_key.columns)).name
    with pytest.raises(UnauditedWrite), transaction():
        db.session.execute(text(statement.format(table=table.name, column=column)))
