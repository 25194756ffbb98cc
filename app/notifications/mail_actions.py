"""Owing mails: each notice to whoever wants it so, one digest a day to others; and what each person wants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, or_, select

from app.audit import actions as audit
from app.kernel.actor import Actor, rule
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict
from app.kernel.references import ref
from app.kernel.transactions import in_transaction, transaction
from app.notifications.mail_rules import MAILED, MODES, Wish, digest_day, is_mailed, seconds_of, send_at
from app.notifications.models import NoticePreference, Notification
from app.notifications.outbox_actions import enqueue
from app.notifications.outbox_models import OutboxAttempt, OutboxMessage
from app.notifications.outbox_rules import ATTEMPTS_MAX
from app.people.models import Employee, Site
from app.people.permissions import require

CHANNEL = "mail"
DIGEST_LINES_MAX = 100
DIGEST = rule("notice-digest")
WISHED = audit.declare("notices:prefer", "mail", "quiet", "digest_at", sentence=_l("changed how notices arrive"))
DIGESTED = audit.declare("notices:digest", "count", "day", sentence=_l("put the day's notices into one mail"))


@dataclass(frozen=True, slots=True)
class Held:
    """What one person wants, and the version that an edit has to name."""

    wish: Wish
    version: int


def is_mail_on() -> bool:
    """Mail goes out only where a server for it is set."""
    return bool(current_app.extensions["makegood_settings"].smtp_host)


def wishes(employee_ids: Sequence[int]) -> dict[int, Wish]:
    """What these people want, in one query; whoever said nothing gets each notice at once."""
    rows = db.session.execute(
        select(
            Employee.id,
            NoticePreference.mail,
            NoticePreference.quiet_from,
            NoticePreference.quiet_to,
            NoticePreference.digest_at,
            Site.time_zone,
        )
        .join(Site, Site.id == Employee.site_id)
        .outerjoin(NoticePreference, NoticePreference.employee_id == Employee.id)
        .where(Employee.id.in_(employee_ids))
    )
    return {
        row.id: Wish(row.mail or "each", row.quiet_from, row.quiet_to, row.digest_at or "08:00", row.time_zone)
        for row in rows
    }


def owe_mails(lines: Sequence[Mapping[str, Any]], at: datetime) -> None:
    """Owe a mail for each inbox line whose reader wants single mails; the lines have their ids already."""
    assert in_transaction()
    wanted = [line for line in lines if is_mailed(line["kind"])]
    if not wanted or not is_mail_on():
        return
    held = wishes(sorted({line["employee_id"] for line in wanted}))
    due = [
        (line["id"], send_at(held[line["employee_id"]], at))
        for line in wanted
        if held[line["employee_id"]].mail == "each"
    ]
    if not due:
        return
    ids = db.session.scalars(
        insert(OutboxMessage).returning(OutboxMessage.id, sort_by_parameter_order=True),
        [{"channel": CHANNEL, "key": f"notice:{one}", "payload": {"notice": one}, "at": at} for one, _when in due],
    ).all()
    plans = [
        {
            "message_id": message_id,
            "channel": CHANNEL,
            "number": 1,
            "tries_left": ATTEMPTS_MAX,
            "state": "waiting",
            "due_at": when,
        }
        for message_id, (_one, when) in zip(ids, due, strict=True)
    ]
    db.session.execute(insert(OutboxAttempt), plans)


def held_wish(employee_id: int) -> Held:
    """What one person wants now."""
    row = db.session.get(NoticePreference, employee_id)
    return Held(wishes([employee_id])[employee_id], row.version if row else 0)


def prefer(
    *,
    mail: str,
    quiet_from: str | None,
    quiet_to: str | None,
    digest_at: str,
    version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Change how one's own notices arrive. Raises BadInput, or Conflict when it was changed elsewhere."""
    require(actor, "profile.write", owner_id=actor.id)
    assert actor.id is not None
    _check(mail, quiet_from, quiet_to, digest_at)
    with transaction():
        row = db.session.get(NoticePreference, actor.id, with_for_update=True)
        if (row.version if row else 0) != version:
            raise Conflict
        newest = (
            select(Notification.id)
            .where(Notification.employee_id == actor.id)
            .order_by(Notification.id.desc())
            .limit(1)
        )
        through = db.session.scalar(newest) or 0
        if row is None:
            row = NoticePreference(employee_id=actor.id, mail=mail, digest_through_id=through, version=0)
            db.session.add(row)
        elif row.mail != "digest":
            row.digest_through_id = through  # a first digest begins with what comes from now on
        row.mail, row.quiet_from, row.quiet_to, row.digest_at = mail, quiet_from or None, quiet_to or None, digest_at
        row.version += 1
        audit.record(
            WISHED,
            subject=ref("employee", actor.id),
            actor=actor,
            at=now,
            site_id=actor.site_id,
            mail=mail,
            quiet=[quiet_from or "", quiet_to or ""],
            digest_at=digest_at,
        )


def send_digests(*, now: datetime, limit: int = 200) -> int:
    """Owe the day's digest to whoever wants one and has lines that no digest covered yet; once a day each."""
    if not is_mail_on():
        return 0
    rows = db.session.execute(
        select(NoticePreference.employee_id, NoticePreference.digested_on, NoticePreference.digest_at, Site.time_zone)
        .join(Employee, Employee.id == NoticePreference.employee_id)
        .join(Site, Site.id == Employee.site_id)
        .where(NoticePreference.mail == "digest", Employee.deactivated_at.is_(None))
    ).all()
    done = 0
    for row in rows:
        wish = Wish("digest", digest_at=row.digest_at, zone=row.time_zone)
        day = digest_day(wish, date.fromisoformat(row.digested_on) if row.digested_on else None, now)
        if day is not None and done < limit:
            done += _digest(row.employee_id, day, now)
    return done


def _digest(employee_id: int, day: date, now: datetime) -> int:
    with transaction():
        held = db.session.get(NoticePreference, employee_id, with_for_update=True)
        if held is None or held.mail != "digest" or (held.digested_on or "") >= day.isoformat():
            return 0
        lines = list(
            db.session.scalars(
                select(Notification.id)
                .where(
                    Notification.employee_id == employee_id,
                    Notification.id > held.digest_through_id,
                    or_(*(Notification.kind.startswith(prefix) for prefix in MAILED)),
                )
                .order_by(Notification.id)
                .limit(DIGEST_LINES_MAX)
            )
        )
        held.digested_on = day.isoformat()
        if lines:
            held.digest_through_id = lines[-1]
            enqueue(channel=CHANNEL, key=f"digest:{employee_id}:{day.isoformat()}", payload={"digest": lines}, at=now)
        audit.record(
            DIGESTED, subject=ref("employee", employee_id), actor=DIGEST, at=now, count=len(lines), day=day.isoformat()
        )
        return 1


def _check(mail: str, quiet_from: str | None, quiet_to: str | None, digest_at: str) -> None:
    errors: dict[str, list[str]] = {}
    if mail not in MODES:
        errors["mail"] = [_("Choose how notices arrive.")]
    if bool(quiet_from) != bool(quiet_to):
        errors["quiet_to"] = [_("Give both times, or neither.")]
    for name, text in (("quiet_from", quiet_from), ("quiet_to", quiet_to), ("digest_at", digest_at)):
        if text and seconds_of(text) is None:
            errors[name] = [_("Write a time of day like 22:00.")]
    if not digest_at:
        errors["digest_at"] = [_("Write a time of day like 22:00.")]
    if errors:
        raise BadInput(errors)
