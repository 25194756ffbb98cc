"""Writing and reading off the inbox."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, update

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import NotFound
from app.kernel.references import ref
from app.kernel.transactions import in_transaction, transaction
from app.notifications.mail_actions import owe_mails
from app.notifications.models import Notification
from app.notifications.rules import is_local
from app.people.permissions import require

READ = audit.declare("inbox:read", "count", sentence=_l("marked notices as read"))


@dataclass(frozen=True, slots=True)
class Notice:
    """One line for several people; each of them gets it once."""

    employee_ids: Iterable[int | None]
    kind: str
    subject: str
    url: str
    text_key: str
    params: Mapping[str, Any] = field(default_factory=dict)


def notify(
    *,
    employee_ids: Iterable[int | None],
    kind: str,
    subject: str,
    url: str,
    text_key: str,
    params: Mapping[str, Any],
    at: datetime,
) -> None:
    """Put one line into the inboxes of these people, inside the transaction of the change it tells about."""
    notify_many([Notice(employee_ids, kind, subject, url, text_key, params)], at=at)


def notify_many(notices: Sequence[Notice], *, at: datetime) -> None:
    """Put a batch of lines into inboxes in one statement, and owe the mails that their readers want."""
    assert in_transaction(), "a notice is written with the change it tells about"
    rows = []
    for notice in notices:
        assert is_local(notice.url), notice.url
        for employee_id in dict.fromkeys(notice.employee_ids):
            if employee_id is not None:
                rows.append(
                    {
                        "employee_id": employee_id,
                        "kind": notice.kind,
                        "subject": notice.subject,
                        "url": notice.url,
                        "text_key": notice.text_key,
                        "params": dict(notice.params),
                        "at": at,
                    }
                )
    if rows:
        ids = db.session.scalars(insert(Notification).returning(Notification.id, sort_by_parameter_order=True), rows)
        owe_mails([{**row, "id": line_id} for row, line_id in zip(rows, ids.all(), strict=True)], at)


def mark_read(*, notification_id: int, actor: Actor, now: datetime) -> None:
    """Mark one line of the actor's own inbox; a line of somebody else is not found."""
    require(actor, "inbox.read", owner_id=actor.id)
    with transaction():
        line = db.session.get(Notification, notification_id)
        if line is None or line.employee_id != actor.id:
            raise NotFound()
        if line.read_at is None:
            line.read_at = now
            _record(actor, now, 1)


def mark_all_read(*, up_to_id: int, actor: Actor, now: datetime) -> int:
    """Mark the actor's lines up to one they have seen, and return how many; newer lines stay unread."""
    require(actor, "inbox.read", owner_id=actor.id)
    assert actor.id is not None
    with transaction():
        marked = db.session.execute(
            update(Notification)
            .where(Notification.employee_id == actor.id, Notification.read_at.is_(None), Notification.id <= up_to_id)
            .values(read_at=now)
            .execution_options(synchronize_session=False)
        )
        count: int = marked.rowcount  # type: ignore[attr-defined]
        _record(actor, now, count)
        return count


def read_off(*, subject: str, employee_ids: Sequence[int], now: datetime) -> int:
    """Mark what these people have not read about a subject, inside the deed that makes it moot; that deed's entry names it."""
    assert in_transaction(), "notices go with the deed that makes them moot"
    marked = db.session.execute(
        update(Notification)
        .where(
            Notification.employee_id.in_(employee_ids), Notification.read_at.is_(None), Notification.subject == subject
        )
        .values(read_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(marked.rowcount)  # type: ignore[attr-defined]


def _record(actor: Actor, now: datetime, count: int) -> None:
    assert actor.id is not None
    audit.record(READ, subject=ref("employee", actor.id), actor=actor, at=now, site_id=actor.site_id, count=count)
