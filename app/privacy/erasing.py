"""One person's data goes, in one transaction: who they are, their words, files and notices, and what the trail says of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import delete, func, or_, select, update

from app.attachments.store import FILES
from app.audit.erasure_actions import empty_payloads
from app.audit.models import AuditEntry, AuditPayload
from app.customers.identity_actions import forget_identity
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.transactions import in_transaction
from app.messages.stores import ORIGINALS
from app.notifications.models import Notification
from app.notifications.outbox_models import OutboxMessage
from app.people.factor_models import SecondFactor
from app.people.key_actions import forget_keys
from app.people.models import Employee
from app.privacy import overwriting
from app.privacy.subject_queries import Subject, cases_of, rows_of, tokens_of
from app.privacy.word_rules import ERASED, says_words, sure_part, without

_AT_ONCE = 500


@dataclass(slots=True)
class Done:
    """counts: rows by table. files, originals: names in the two stores, to be deleted once the transaction is kept."""

    counts: dict[str, int] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    originals: list[str] = field(default_factory=list)

    def add(self, table: str, count: int) -> None:
        if count:
            self.counts[table] = self.counts.get(table, 0) + count


def erase(subject: Subject, *, actor: Actor, now: datetime) -> Done:
    """Erase all that the data map holds of somebody; repeating it changes nothing more. The caller writes the audit entry."""
    assert in_transaction()
    done, tokens = Done(), tokens_of(subject)
    if subject.kind == "employee":
        _forget_colleague(subject, done)
    else:
        refs = overwriting.refs_of(subject)
        done.files = overwriting.take_files(subject, actor, now)
        done.originals = overwriting.take_mails(subject)
        done.add("audit_payload", empty_payloads(_wordy_entries(subject, refs)))
        done.add("notification", _rows(delete(Notification).where(Notification.subject.in_(refs))))
        done.add("outbox_message", _cancel_owed(subject))
        done.add("idempotency_answer", _blank_answers(refs))
        _revoke_links(subject, now)
        for table, count in overwriting.overwrite(subject).items():
            done.add(table, count)
        done.add("case_event", overwriting.blank_events(subject))
        if subject.kind == "customer":
            forget_identity(subject.numbers)
        overwriting.index_anew(subject)
    for table, count in overwriting.sweep(tokens).items():
        done.add(table, count)
    done.add("audit_payload", empty_payloads(_entries_naming(tokens)))
    return done


def delete_files(done: Done) -> None:
    """Delete the files of an erasure that is kept; what a crash leaves here, the sweeps of both stores find."""
    for name in done.files:
        FILES.forget(name)
    for name in done.originals:
        ORIGINALS.forget(name)


def _forget_colleague(subject: Subject, done: Done) -> None:
    """A leaver's name and address go; what they did stays under their number."""
    db.session.execute(
        update(Employee)
        .where(Employee.id == subject.id)
        .values(
            name=f"Former colleague {subject.ref}", email=f"{subject.ref.lower()}@erased.invalid", password_hash=None,
            job_title="", locale=None, version=Employee.version + 1,
        )
    )  # fmt: skip
    db.session.execute(delete(SecondFactor).where(SecondFactor.employee_id == subject.id))
    forget_keys(subject.numbers)
    for table, count in overwriting.overwrite(subject).items():
        done.add(table, count)
    said = select(AuditEntry.id).where(
        or_(
            AuditEntry.subject == subject.ref,
            (AuditEntry.actor_id == subject.id) & AuditEntry.type.in_(("session:start", "session:prove-fail")),
        )
    )
    done.add(
        "audit_payload", empty_payloads(_wordy(db.session.execute(_PAYLOADS.where(AuditEntry.id.in_(said))), own=True))
    )


_PAYLOADS = (
    select(AuditEntry.id, AuditEntry.content, AuditPayload.payload)
    .join(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
    .where(AuditPayload.payload.is_not(None))
)


def _wordy_entries(subject: Subject, refs: Sequence[str]) -> list[int]:
    """Entries of the person's cases and records that say words about them."""
    found = _wordy(db.session.execute(_PAYLOADS.where(AuditEntry.case_id.in_(cases_of(subject)))), own=False)
    for start in range(0, len(refs), _AT_ONCE):
        wanted = _PAYLOADS.where(AuditEntry.case_id.is_(None), AuditEntry.subject.in_(refs[start : start + _AT_ONCE]))
        found += _wordy(db.session.execute(wanted), own=False)
    return found


def _wordy(rows: Any, *, own: bool) -> list[int]:
    found = []
    for row in rows:
        by_customer = own or orjson.loads(row.content)["actor"].startswith("customer:")
        if says_words(orjson.loads(row.payload), by_customer=by_customer):
            found.append(row.id)
    return found


def _entries_naming(tokens: Sequence[str]) -> list[int]:
    """Entries of anything else in which the name, the address or the number stands."""
    if not tokens:
        return []
    words = func.lower(AuditPayload.payload)
    held = db.session.execute(
        select(AuditPayload.entry_id, AuditPayload.payload).where(
            or_(*(words.contains(sure_part(one), autoescape=True) for one in tokens))
        )
    )
    return [row.entry_id for row in held if row.payload and without(row.payload, tokens) != row.payload]


def _cancel_owed(subject: Subject) -> int:
    """Nothing is sent to somebody who is erased: what the outbox still owes them goes; money that is owed stays owed."""
    tables = db.metadata.tables
    keys: list[str] = []
    for prefix, name in (("message:", "message"), ("survey:", "survey")):
        table = tables[name]
        wanted = select(table.c.id).where(rows_of(name, subject))
        keys += [f"{prefix}{one}" for one in db.session.scalars(wanted)]
    links = db.session.scalars(select(tables["customer_link"].c.id).where(rows_of("customer_link", subject)))
    parts = [OutboxMessage.key.like(f"link:{one}:%") for one in links]
    count = 0
    for start in range(0, len(keys), _AT_ONCE):
        count += _rows(delete(OutboxMessage).where(OutboxMessage.key.in_(keys[start : start + _AT_ONCE])))
    for start in range(0, len(parts), 50):
        count += _rows(delete(OutboxMessage).where(or_(*parts[start : start + 50])))
    return count


def _blank_answers(refs: Sequence[str]) -> int:
    """Kept answers of the API keep their key, so that nothing is done twice, and lose what they said."""
    answers = db.metadata.tables["idempotency_answer"]
    count = 0
    for start in range(0, len(refs), 50):
        named = or_(*(answers.c.body.contains(f'"{one}"') for one in refs[start : start + 50]))
        count += _rows(update(answers).where(named).values(body=orjson.dumps({"erased": True}).decode()))
    return count


def _revoke_links(subject: Subject, now: datetime) -> None:
    links = db.metadata.tables["customer_link"]
    theirs = rows_of("customer_link", subject)
    db.session.execute(update(links).where(theirs, links.c.revoked_at.is_(None)).values(revoked_at=now))


def _rows(statement: Any) -> int:
    return int(db.session.execute(statement.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]


__all__ = ["ERASED", "Done", "delete_files", "erase"]
