"""Out of office from one's own calendar: its times turn on the stand-in that the person named."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.approvals import absence_actions as absences
from app.approvals.absence_models import Absence, CalendarAbsence, CalendarFeed
from app.approvals.calendar_rules import Away
from app.audit import actions as audit
from app.kernel import outgoing
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.notifications import actions as notifications
from app.notifications.rules import declare
from app.people import permissions

# An address of a calendar is a secret of its owner and stands in no entry.
CONNECTED = audit.declare(
    "calendar:connect", "by", "stand_in", sentence=_l("let their calendar say when they are away")
)
DISCONNECTED = audit.declare("calendar:disconnect", "ended", sentence=_l("no longer lets their calendar say it"))
READ = audit.declare("calendar:read", "added", "ended", "failure", sentence=_l("read from a calendar who is away"))
FAILED_NOTICE = declare(
    "absence:calendar-failed", _l("Your calendar could not be read: nobody stands in for you by it")
)
FAILURES_TOLD = 3
WAIT_HOURS_MAX = 24
URL_CHARACTERS_MAX = 2_000


def connect(*, url: str | None, stand_in_id: int | None, actor: Actor, now: datetime) -> None:
    """Keep where one's own calendar is (None: only files) and who stands in while it says that one is away.

    The address must lead to a public server by https, whatever hosts inside the operator has named for other ends: a
    person types it. It is asked for by a job, not here.
    """
    permissions.require(actor, "exceptions.decide")
    assert actor.id is not None
    url = _clean_url(url) if url else None
    with transaction():
        absences.check_stand_in(actor.id, stand_in_id)
        feed = db.session.get(CalendarFeed, actor.id)
        if feed is None:
            feed = CalendarFeed(employee_id=actor.id, failure_count=0, made_at=now)
            db.session.add(feed)
        if url and url != feed.url:
            feed.url, feed.read_at = url, None  # what was just given is read with the next run
        feed.stand_in_id = stand_in_id
        feed.next_at, feed.failure, feed.failure_count = (now if feed.url else None), None, 0
        audit.record(
            CONNECTED, subject=ref("employee", actor.id), actor=actor, at=now, site_id=actor.site_id,
            by="address" if url else "file", stand_in=stand_in_id,
        )  # fmt: skip


def disconnect(*, actor: Actor, now: datetime) -> None:
    """Forget the calendar; the absences that it brought end."""
    assert actor.id is not None
    with transaction():
        feed = db.session.get(CalendarFeed, actor.id)
        if feed is None:
            raise NotFound
        kept = _kept(actor.id, now)
        for absence, _entry in kept:
            absences.end_absence(absence_id=absence.id, actor=actor, now=now)
        db.session.delete(feed)
        audit.record(
            DISCONNECTED, subject=ref("employee", actor.id), actor=actor, at=now, site_id=actor.site_id,
            ended=len(kept),
        )  # fmt: skip


def take_over(*, employee_id: int, found: Sequence[Away], actor: Actor, now: datetime) -> tuple[int, int]:
    """Let absences follow a calendar: new times are set, gone or moved ones end. Returns how many were added and ended.

    Absences that somebody typed are left alone. Where nothing differs nothing is written.
    """
    with transaction():
        feed = db.session.get(CalendarFeed, employee_id)
        if feed is None:
            raise NotFound
        wanted = {one.entry: one for one in found if one.to_at > now}
        stand_in_id, ended = _stand_in(feed), 0
        for absence, entry in _kept(employee_id, now):
            one = wanted.get(entry)
            if one and (one.from_at, one.to_at, stand_in_id) == (
                absence.from_at,
                absence.to_at,
                absence.stand_in_id,
            ):
                del wanted[entry]
            else:
                absences.end_absence(absence_id=absence.id, actor=actor, now=now)
                ended += 1
        for one in wanted.values():
            _set(feed, one, stand_in_id, actor, now)
        if wanted or ended or feed.failure or feed.read_at is None:
            feed.read_at, feed.failure, feed.failure_count, feed.next_at = now, None, 0, (now if feed.url else None)
            _record(employee_id, actor, now, added=len(wanted), ended=ended, failure=None)
        return len(wanted), ended


def note_failure(*, employee_id: int, code: str, actor: Actor, now: datetime) -> None:
    """Keep that a calendar could not be read, try later and later, and tell the person once it goes on."""
    with transaction():
        feed = db.session.get(CalendarFeed, employee_id)
        if feed is None:
            return
        feed.failure, feed.failure_count = code, feed.failure_count + 1
        feed.next_at = now + timedelta(hours=min(2 ** min(feed.failure_count - 1, 5), WAIT_HOURS_MAX))
        _record(employee_id, actor, now, added=0, ended=0, failure=code)
        if feed.failure_count == FAILURES_TOLD:
            notifications.notify(
                employee_ids=[employee_id], kind="exception", subject=ref("employee", employee_id), url="/absences",
                text_key=FAILED_NOTICE, params={}, at=now,
            )  # fmt: skip


def _stand_in(feed: CalendarFeed) -> int | None:
    """Who stands in. One who has lost the right to decide stands in no more; the absence stays true."""
    try:
        absences.check_stand_in(feed.employee_id, feed.stand_in_id)
    except BadInput:
        return None
    return feed.stand_in_id


def _set(feed: CalendarFeed, one: Away, stand_in_id: int | None, actor: Actor, now: datetime) -> None:
    absence = absences.set_absence(
        employee_id=feed.employee_id, from_at=one.from_at, to_at=one.to_at, stand_in_id=stand_in_id, actor=actor,
        now=now,
    )  # fmt: skip
    db.session.add(CalendarAbsence(absence_id=absence.id, employee_id=feed.employee_id, entry=one.entry))
    db.session.flush()


def _kept(employee_id: int, now: datetime) -> list[tuple[Absence, str]]:
    """The absences that came from a calendar and are not over."""
    rows = db.session.execute(
        select(Absence, CalendarAbsence.entry)
        .join(CalendarAbsence, CalendarAbsence.absence_id == Absence.id)
        .where(CalendarAbsence.employee_id == employee_id, Absence.ended_at.is_(None), Absence.to_at > now)
        .order_by(Absence.id)
    )
    return [(row[0], row[1]) for row in rows]


def _record(employee_id: int, actor: Actor, now: datetime, *, added: int, ended: int, failure: str | None) -> None:
    audit.record(
        READ, subject=ref("employee", employee_id), actor=actor, at=now, added=added, ended=ended, failure=failure
    )


def _clean_url(url: str) -> str:
    url = url.strip()
    if url.lower().startswith(("webcal://", "webcals://")):
        url = "https://" + url.partition("://")[2]
    try:
        if len(url) > URL_CHARACTERS_MAX:
            raise outgoing.NotReached("the address is too long")
        outgoing.find(url)
    except outgoing.NotReached:
        raise BadInput(
            {"url": [str(_l("Give the calendar's private address on a public server; it begins with https://."))]}
        ) from None
    return url


def host_of(url: str) -> str:
    """What a page shows of a secret address."""
    return urlsplit(url).hostname or ""
