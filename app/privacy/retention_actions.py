"""Let go what has had its time, class by class, in bounded steps that may run twice; and change how long a class is kept."""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, delete, or_, select, update

from app.audit import actions as audit
from app.kernel.actor import Actor, rule
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.transactions import transaction
from app.people.permissions import require
from app.privacy import erasing
from app.privacy.erasing import Done, delete_files
from app.privacy.erasure_actions import holds_turn
from app.privacy.models import RetentionPeriod
from app.privacy.purposes import CLASSES
from app.privacy.retention_queries import SHARES, Share, periods
from app.privacy.subject_queries import Subject
from app.privacy.word_rules import ERASED

RETAINED = audit.declare("privacy:retain", "code", "table", "rows", sentence=_l("let go what has had its time"))
SET = audit.declare(
    "privacy:set-period", "code", "days", "days_before", sentence=_l("changed how long a class of data is kept")
)
DAYS_MAX = 36_500
# Erasing a person or a case touches many tables: fewer at once, so that nobody waits for long.
_AT_ONCE = {"cases": 20, "customers": 10}
KEEPER = rule("retention")


def set_period(*, code: str, days: int | None, actor: Actor, now: datetime, shown: int | None = None) -> None:
    """Keep a class for so many days from now on; None: it isn't let go by time. What is gone does not come back.

    shown: the days that the form was opened with, 0 for none; raises Conflict when it is another by now.
    """
    require(actor, "privacy.handle")
    if code not in CLASSES or not CLASSES[code].may_change or CLASSES[code].days is None:
        raise NotFound
    if days is not None and not 1 <= days <= DAYS_MAX:
        raise BadInput({"days": [_("Between 1 and %(most)d days, or none.", most=DAYS_MAX)]})
    with transaction():
        before = periods()[code]
        if shown is not None and (before or 0) != shown:
            raise Conflict
        if before == days:
            return
        db.session.add(RetentionPeriod(code=code, days=days, set_at=now, set_by_id=actor.id))
        audit.record(SET, subject="retention", actor=actor, at=now, code=code, days=days, days_before=before)


def retain(*, now: datetime, limit: int = 200) -> int:
    """Let go at most `limit` rows of each class; returns how many went. Holds are respected."""
    days, count = periods(), 0
    for share in SHARES:
        period = days[share.code]
        if period is not None and share.how != "elsewhere":
            count += _take(share, now - timedelta(days=period), now, limit)
    return count


def _take(share: Share, before: datetime, now: datetime, limit: int) -> int:
    most = min(limit, _AT_ONCE.get(share.how, limit))
    done = Done()
    with transaction():
        if share.how != "delete":
            holds_turn()
        rows = db.session.execute(share.due(before).limit(most)).all()
        if not rows:
            return 0
        if share.how == "cases":
            done = erasing.erase(Subject("case", tuple(row[0] for row in rows)), actor=KEEPER, now=now)
        elif share.how == "customers":
            for row in rows:
                one = erasing.erase(Subject("customer", (row[0],)), actor=KEEPER, now=now)
                done.files += one.files
                done.originals += one.originals
        elif share.how == "mails":
            done.originals = _empty_mails([row[0] for row in rows])
        else:
            _delete(share.table, rows)
        audit.record(
            RETAINED,
            subject="retention",
            actor=KEEPER,
            at=now,
            code=share.code,
            table=share.table,
            rows=len(rows),
        )
    delete_files(done)
    return len(rows)


def _empty_mails(ids: list[int]) -> list[str]:
    """Originals go; of mail that belongs to no case, its words too."""
    mail = db.metadata.tables["mail_in"]
    names = [one for one in db.session.scalars(select(mail.c.stored_as).where(mail.c.id.in_(ids))) if one]
    db.session.execute(update(mail).where(mail.c.id.in_(ids)).values(stored_as=None))
    db.session.execute(
        update(mail)
        .where(mail.c.id.in_(ids), mail.c.case_id.is_(None))
        .values(sender=ERASED, sender_name="", subject=ERASED, opening="", rfc_id=None, refs=None)
    )
    return names


def _delete(name: str, rows: Any) -> None:
    table = db.metadata.tables[name]
    keys = list(table.primary_key.columns)
    named = [and_(*(key == value for key, value in zip(keys, row, strict=True))) for row in rows]
    db.session.execute(delete(table).where(or_(*named)))
