"""All that the company holds of one person, as one JSON document: every row that the data map says is theirs.

Nothing secret is given out (keys, hashes of secrets), and no colleague by name, but in what was sent to
the person: who did something stands by reference and role.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Column, or_, select

from app.attachments.models import Attachment
from app.audit.actions import TYPES
from app.audit.models import AuditEntry, AuditPayload
from app.kernel import personal
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.time import iso
from app.messages.mail_models import MailIn
from app.privacy.access_queries import accesses_of
from app.privacy.data_map import HOLDINGS
from app.privacy.overwriting import refs_of
from app.privacy.purposes import CLASSES, PURPOSES
from app.privacy.subject_queries import Subject, cases_of, identities, is_about, rows_of

FORM = 1
# Fields of these name a colleague, and are given as a reference.
_PEOPLE = ("_by_id", "employee_id", "actor_id", "owner_id", "author_id", "keeper_id", "resolver_id", "about_id")
_NOT_ROWS = frozenset({"customer_token", "employee_digest", "audit_entry", "audit_payload"})


def export(subject: Subject, *, now: datetime) -> dict[str, Any]:
    """Return the document; a table that holds nothing of the person is left out."""
    return {
        "form": FORM,
        "made_at": iso(now),
        "subject": {
            "reference": subject.ref,
            "all_references": subject.refs,
            "known_as": [_identity(one) for one in identities(subject)],
        },
        "records": dict(_parts(subject)),
        "accesses": [
            {"at": iso(one.at), "what": one.what, "role": one.role or "system"} for one in accesses_of(subject.refs)
        ],
        "trail": _trail(subject) if subject.kind == "customer" else [],
    }


def _identity(one: Any) -> dict[str, Any]:
    said = asdict(one)
    said.pop("number")
    return said


def _parts(subject: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
    for holding in HOLDINGS:
        if holding.table in _NOT_ROWS or not is_about(holding.table, subject.kind):
            continue
        table = db.metadata.tables[holding.table]
        columns = [_readable(column) for column in table.c if holding.tags.get(column.name) != "secret"]
        keys = list(table.primary_key.columns)
        rows = db.session.execute(select(*columns).where(rows_of(holding.table, subject)).order_by(*keys)).mappings()
        found = [
            {name: _value(name, value, subject) for name, value in row.items() if value not in (None, "")}
            for row in rows
        ]
        if found:
            yield (
                holding.table,
                {
                    "purpose": str(PURPOSES[holding.purpose].title),
                    "ground": str(PURPOSES[holding.purpose].ground),
                    "kept": str(CLASSES[holding.keep].title),
                    "rows": found,
                },
            )


def _readable(column: Column[Any]) -> Any:
    """The column itself, or what is sealed beside it, opened."""
    words = personal.WORDS.get((column.table.name, column.name))
    return column if words is None else words.label(column.name)


def _value(name: str, value: Any, subject: Subject) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool) and name.endswith(_PEOPLE):
        return ref("employee", value)
    return value


def _trail(subject: Subject) -> list[dict[str, Any]]:
    """What the trail says about the person and their cases: the deed, when, by which role, and its facts."""
    refs = refs_of(subject)
    wanted = [AuditEntry.case_id.in_(cases_of(subject))]
    wanted += [AuditEntry.subject.in_(refs[start : start + 500]) for start in range(0, len(refs), 500)]
    rows = db.session.execute(
        select(AuditEntry.type, AuditEntry.subject, AuditEntry.at, AuditPayload.payload)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(or_(*wanted))
        .order_by(AuditEntry.id)
    )
    found = []
    for row in rows:
        said = orjson.loads(row.payload) if row.payload else {}
        facts = {
            key: value for key, value in said.items() if not key.startswith("_") and value not in (None, "", [], {})
        }
        sentence = str(TYPES[row.type].sentence) if row.type in TYPES else row.type
        found.append(
            {
                "at": iso(row.at),
                "deed": row.type,
                "says": sentence,
                "about": row.subject,
                "role": said.get("_role"),
                "facts": facts,
            }
        )
    return found


def files(subject: Subject) -> list[tuple[str, str, str]]:
    """The person's files as (name in the archive, store, stored name): attachments, letters, originals of mails."""
    found: list[tuple[str, str, str]] = []
    if subject.kind == "employee":
        return found
    rows = db.session.execute(
        select(Attachment.id, Attachment.kind, Attachment.stored_as)
        .where(rows_of("attachment", subject), Attachment.removed_at.is_(None))
        .order_by(Attachment.id)
    )
    found += [(f"files/{ref('attachment', row.id)}.{row.kind}", "files", row.stored_as) for row in rows]
    mails = db.session.execute(
        select(MailIn.id, MailIn.stored_as)
        .where(rows_of("mail_in", subject), MailIn.stored_as.is_not(None))
        .order_by(MailIn.id)
    )
    return found + [(f"mails/{ref('mail', row.id)}.eml", "mails", row.stored_as) for row in mails]
