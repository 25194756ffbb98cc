"""Drafts of what is written to a customer: one for each person and case, kept while it is typed."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from app.cases.models import Case
from app.cases.rules import TEXT_MAX
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import NotFound
from app.kernel.transactions import in_transaction, transaction
from app.messages.mail_models import MessageDraft
from app.messages.mail_rules import SUBJECT_MAX
from app.people import permissions

KEPT_DAYS = 30


def keep_draft(*, case_id: int, subject: str, text: str, actor: Actor, now: datetime) -> None:
    """Keep what was typed so far, character for character; nothing typed is no draft."""
    with transaction():
        site_id = db.session.scalar(select(Case.site_id).where(Case.id == case_id))
        if site_id is None:
            raise NotFound
        permissions.require(actor, "cases.write", site_id=site_id)
        if not text.strip():
            forget_draft(case_id, actor)
            return
        values: dict[str, Any] = {"subject": subject[:SUBJECT_MAX], "text": text[:TEXT_MAX], "at": now}
        dialect = sqlite if db.session.get_bind().dialect.name == "sqlite" else postgresql
        db.session.execute(
            dialect.insert(MessageDraft)
            .values(case_id=case_id, employee_id=actor.id, **values)
            .on_conflict_do_update(index_elements=["case_id", "employee_id"], set_=values)
        )


def forget_draft(case_id: int, actor: Actor) -> None:
    """Let go of a draft, inside the deed that sent it."""
    assert in_transaction()
    mine = (MessageDraft.case_id == case_id, MessageDraft.employee_id == actor.id)
    db.session.execute(delete(MessageDraft).where(*mine))


def forget_old(*, now: datetime, limit: int = 500) -> int:
    """Let go of drafts that nobody touched for KEPT_DAYS."""
    old = (
        select(MessageDraft.case_id, MessageDraft.employee_id)
        .where(MessageDraft.at < now - timedelta(days=KEPT_DAYS))
        .order_by(MessageDraft.at)
        .limit(limit)
    )
    if not (found := db.session.execute(old).all()):
        db.session.rollback()
        return 0
    with transaction():
        for case_id, employee_id in found:
            mine = (MessageDraft.case_id == case_id, MessageDraft.employee_id == employee_id)
            db.session.execute(delete(MessageDraft).where(*mine))
    return len(found)
