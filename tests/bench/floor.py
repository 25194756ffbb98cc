"""The floor: the least that a Flask page over the same number of rows can cost here. A yardstick, not product code.

Served by gunicorn as `tests.bench.floor:app` with FLOOR_URL naming its database (see `fill`).
"""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, Response, render_template
from jinja2 import DictLoader
from markupsafe import Markup
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    literal,
    select,
    text,
)

metadata = MetaData()
identity = BigInteger().with_variant(Integer, "sqlite")
person = Table("floor_person", metadata, Column("id", Integer, primary_key=True), Column("name", String(80)))
customer = Table("floor_customer", metadata, Column("id", Integer, primary_key=True), Column("name", String(80)))
case = Table(
    "floor_case",
    metadata,
    Column("id", identity, primary_key=True, autoincrement=True),
    Column("ref", String(20)),
    Column("subject", String(120)),
    Column("body", Text),
    Column("customer_id", Integer),
    Column("owner_id", Integer),
    Column("severity", Integer),
    Column("state", String(10)),
    Column("opened_at", DateTime),
    Column("due_at", DateTime),
    Column("given_minor", Integer),
    Index("ix_floor_case_queue", "state", "due_at", "id"),
)
happening = Table(
    "floor_event",
    metadata,
    Column("id", identity, primary_key=True, autoincrement=True),
    Column("case_id", identity, index=True),
    Column("actor_id", Integer),
    Column("at", DateTime),
    Column("kind", String(20)),
    Column("body", Text),
)

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title><link rel="stylesheet" href="/static/app.css"></head>
<body><a class="skip" href="#main">Skip to content</a><nav><ul>{% for href, label in nav %}<li><a href="{{ href }}">{{ label }}</a></li>{% endfor %}</ul>
<p>{{ user.name }}</p></nav><main id="main">{% block main %}{% endblock %}</main></body></html>"""
LIST = """{% extends "page" %}{% block main %}<h1>Open cases</h1><form><label>Search <input name="q"></label><button>Filter</button></form><p>{{ total }} cases</p>
<table><thead><tr><th>Due</th><th>Case</th><th>Customer</th><th>State</th><th>Owner</th><th>Severity</th><th>Opened</th><th>Given</th></tr></thead><tbody>
{% for id, ref, subject, customer, owner, severity, state, opened_iso, opened, due_iso, due, late, money in rows %}<tr><td{{ late }}><time datetime="{{ due_iso }}">{{ due }}</time></td>
<td><a href="/cases/{{ id }}">{{ subject }}</a><small>{{ ref }}</small></td><td>{{ customer }}</td><td>{{ state }}</td><td>{{ owner }}</td><td>{{ severity }}</td>
<td><time datetime="{{ opened_iso }}">{{ opened }}</time></td><td>{{ money }}</td></tr>{% endfor %}</tbody></table><a href="?after={{ after }}">Next</a>{% endblock %}"""
CASE = """{% extends "page" %}{% block main %}<h1>{{ c.ref }} {{ c.subject }}</h1><dl><dt>Customer</dt><dd>{{ c.customer }}</dd><dt>Owner</dt><dd>{{ c.owner }}</dd>
<dt>State</dt><dd>{{ c.state }}</dd></dl><p>{{ c.body }}</p><ol>{% for e in events %}<li class="{{ e.kind }}"><time datetime="{{ e.at.isoformat() }}">{{ e.at.isoformat(" ", "minutes") }}</time>
<b>{{ e.actor }}</b> {{ e.kind }}<p>{{ e.body }}</p></li>{% endfor %}</ol>{% for action in ("Note", "Offer", "Assign", "Resolve") %}<form method="post"><label>{{ action }}
<textarea name="body"></textarea></label><button>{{ action }}</button></form>{% endfor %}{% endblock %}"""
NAV = [
    ("/", "Desk"),
    ("/cases", "Cases"),
    ("/customers", "Customers"),
    ("/exceptions", "Exceptions"),
    ("/metrics", "Metrics"),
]
LATE = Markup(' class="late"')
NOW = datetime(2026, 11, 22, tzinfo=UTC).replace(tzinfo=None)

app = Flask("floor")
app.jinja_loader = DictLoader({"page": PAGE, "list": LIST, "case": CASE})
app.jinja_env.autoescape = True


def make_engine(url: str) -> Engine:
    engine = create_engine(url)
    if url.startswith("sqlite"):

        @event.listens_for(engine, "connect")
        def _pragmas(dbapi: Any, _record: Any) -> None:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
                dbapi.execute("PRAGMA " + pragma)

    return engine


engine = make_engine(os.environ["FLOOR_URL"]) if os.environ.get("FLOOR_URL") else None
COLUMNS = (
    case.c.id, case.c.ref, case.c.subject, customer.c.name.label("customer"), person.c.name.label("owner"), case.c.severity,
    case.c.state, case.c.opened_at, case.c.due_at, case.c.given_minor,
)  # fmt: skip
JOINED = case.join(customer, case.c.customer_id == customer.c.id).outerjoin(person, case.c.owner_id == person.c.id)
ROWS = select(*COLUMNS).select_from(JOINED).where(case.c.state == "open").order_by(case.c.due_at, case.c.id).limit(50)
TOTAL = select(func.count()).select_from(select(literal(1)).where(case.c.state == "open").limit(1001).subquery())
USER = select(person.c.id, person.c.name).where(person.c.id == 7)
ONE = select(*COLUMNS, case.c.body).select_from(JOINED).where(case.c.id == bindparam("case_id"))
EVENTS = (
    select(happening.c.at, happening.c.kind, happening.c.body, person.c.name.label("actor"))
    .join(person, happening.c.actor_id == person.c.id)
    .where(happening.c.case_id == bindparam("case_id"))
    .order_by(happening.c.id)
)


@app.get("/cases")
def list_fast() -> str:
    with engine.connect() as connection:  # type: ignore[union-attr]
        user = connection.execute(USER).one()
        total = connection.scalar(TOTAL)
        rows = connection.execute(ROWS).all()
    shown = [
        (i, ref, subject, who, owner or "Unassigned", severity, state, opened.isoformat(), opened.isoformat(" ", "minutes"),
         due.isoformat(), due.isoformat(" ", "minutes"), LATE if due < NOW else "", f"{given // 100:,}.{given % 100:02d}")
        for i, ref, subject, who, owner, severity, state, opened, due, given in rows
    ]  # fmt: skip
    return render_template("list", nav=NAV, user=user, title="Cases", rows=shown, total=total, after=rows[-1].id)


@app.get("/cases/<int:case_id>")
def show(case_id: int) -> str:
    with engine.connect() as connection:  # type: ignore[union-attr]
        user = connection.execute(USER).one()
        found = connection.execute(ONE, {"case_id": case_id}).one()
        events = connection.execute(EVENTS, {"case_id": case_id}).all()
    return render_template("case", nav=NAV, user=user, title=found.ref, c=found, events=events)


@app.post("/cases")
def open_post() -> Response:
    with engine.begin() as connection:  # type: ignore[union-attr]
        case_id = connection.execute(
            insert(case).values(ref="MG-0", subject="Late parcel", body="It is late " * 20, customer_id=1, owner_id=7, severity=2,
                                state="open", opened_at=NOW, due_at=NOW, given_minor=0)
        ).inserted_primary_key[0]  # fmt: skip
        connection.execute(insert(happening).values(case_id=case_id, actor_id=7, at=NOW, kind="logged", body="Logged"))
    return Response(status=303, headers={"Location": f"/cases/{case_id}"})


def fill(url: str, cases: int) -> None:
    """Fill an empty floor database: cases rows, 12 events on each of the first 100."""
    filled = make_engine(url)
    metadata.create_all(filled)
    with filled.begin() as connection:
        connection.execute(insert(person), [{"id": n, "name": f"Person {n}"} for n in range(1, 41)])
        connection.execute(insert(customer), [{"id": n, "name": f"Customer {n}"} for n in range(1, 2001)])
        for start in range(1, cases + 1, 20_000):
            connection.execute(
                insert(case),
                [
                    {"id": n, "ref": f"MG-{n}", "subject": f"Air conditioning failed in room {n % 900}", "body": "It was hot. " * 20,
                     "customer_id": 1 + n % 2000, "owner_id": 1 + n % 40, "severity": n % 5, "state": "open" if n % 10 else "closed",
                     "opened_at": NOW - timedelta(minutes=n % 500_000), "due_at": NOW + timedelta(minutes=n % 200_003 - 500),
                     "given_minor": n % 5000}
                    for n in range(start, min(start + 20_000, cases + 1))
                ],
            )  # fmt: skip
        connection.execute(
            insert(happening),
            [
                {
                    "case_id": n,
                    "actor_id": 1 + k,
                    "at": NOW + timedelta(minutes=k),
                    "kind": "note",
                    "body": "Rang the guest and told her. " * 4,
                }
                for n in range(1, 101)
                for k in range(12)
            ],
        )
        if url.startswith("postgresql"):
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence('floor_case','id'), (SELECT max(id) FROM floor_case))")
            )
    with filled.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    filled.dispose()
