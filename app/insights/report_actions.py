"""Wanting a report by mail, pausing and ending it; taking up a period once; and keeping one back whose reader may not have it."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.audit import actions as audit
from app.insights import report_queries as queries
from app.insights import report_rules as rules
from app.insights.measures import MEASURES
from app.insights.report_models import ReportSending, ReportWish
from app.insights.rules import PERIODS
from app.kernel.actor import Actor, rule
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.notifications.actions import notify
from app.notifications.outbox_actions import enqueue
from app.notifications.rules import declare
from app.people import permissions
from app.people import queries as people

CHANNEL = "report"
SENDER = rule("report-send")
WANTED = audit.declare("report:want", "report", "measure", "every", "form", sentence=_l("asked for a report by mail"))
CHANGED = audit.declare("report:change", "deed", sentence=_l("changed a report that comes by mail"))
SENT = audit.declare("report:send", "period", "until", sentence=_l("sent a report by mail"))
KEPT_BACK = audit.declare(
    "report:keep-back", "period", "why", sentence=_l("kept a report back from who may not read it")
)
KEPT_BACK_LINE = declare(
    "report:kept-back", _l("A report by mail was not sent: you may no longer read it. It is paused.")
)


class TooManyReports(Refusal):
    code = "too-many-reports"
    sentence = _l("End one of your reports first: there are as many as one person can have.")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants. site_id, team_id: None is everything that the reader may see when it is sent."""

    report: str
    measure: str | None
    site_id: int | None
    team_id: int | None
    period: str
    every: str
    day: int
    hour: int
    form: str


def want(*, wish: Wish, actor: Actor, now: datetime) -> ReportWish:
    """Ask for a report; its first comes when it is due next. Raises BadInput, NotPermitted, NotFound, TooManyReports."""
    assert actor.id is not None
    _check(wish)
    if not queries.may_have(actor, wish.report, wish.site_id, wish.team_id):
        permissions.require(actor, rules.NEEDS[wish.report])
        raise NotFound
    with transaction():
        live = select(func.count()).where(ReportWish.employee_id == actor.id, ReportWish.ended_at.is_(None))
        if (db.session.scalar(live) or 0) >= rules.WISHES_MAX:
            raise TooManyReports
        row = ReportWish(
            employee_id=actor.id, report=wish.report, measure=wish.measure, site_id=wish.site_id, team_id=wish.team_id,
            period=wish.period, every=wish.every, day=wish.day, hour=wish.hour, form=wish.form, made_at=now,
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        audit.record(
            WANTED, subject=row.ref, actor=actor, at=now, report=wish.report, measure=wish.measure, every=wish.every,
            form=wish.form,
        )  # fmt: skip
        return row


def _check(wish: Wish) -> None:
    errors: dict[str, list[str]] = {}
    if wish.report not in rules.NEEDS:
        errors["report"] = [_("Choose a report.")]
    if (wish.report == "measure") != (wish.measure is not None) or (wish.measure and wish.measure not in MEASURES):
        errors["report"] = [_("Choose a report.")]
    if wish.period not in {one.name for one in PERIODS}:
        errors["period"] = [_("Choose how far back it looks.")]
    if wish.every not in rules.EVERY:
        errors["every"] = [_("Choose how often it comes.")]
    elif not 1 <= wish.day <= (7 if wish.every == "weekly" else 28):
        errors["day"] = [_("Choose a day that every week or month has.")]
    if not 0 <= wish.hour <= 23:
        errors["hour"] = [_("Choose an hour of the day.")]
    if wish.form not in rules.FORMS:
        errors["form"] = [_("Choose what comes with it.")]
    if errors:
        raise BadInput(errors)


def pause(*, wish_id: int, version: int, actor: Actor, now: datetime) -> None:
    """Let a report rest; what falls due meanwhile isn't sent later."""
    with transaction():
        row = _own(wish_id, version, actor)
        if row.paused_at is None:
            row.paused_at, row.why_paused = now, "asked"
        _changed(row, "pause", actor, now)


def resume(*, wish_id: int, version: int, actor: Actor, now: datetime) -> None:
    """Let a report come again, from its next time on."""
    with transaction():
        row = _own(wish_id, version, actor)
        if not queries.may_have(actor, row.report, row.site_id, row.team_id):
            permissions.require(actor, rules.NEEDS[row.report])
            raise NotFound
        row.paused_at = row.why_paused = None
        row.made_at = now
        _changed(row, "resume", actor, now)


def end(*, wish_id: int, version: int, actor: Actor, now: datetime) -> None:
    """Stop a report for good."""
    with transaction():
        row = _own(wish_id, version, actor)
        row.ended_at = now
        _changed(row, "end", actor, now)


def _own(wish_id: int, version: int, actor: Actor) -> ReportWish:
    permissions.require(actor, "profile.write", owner_id=actor.id)
    row = db.session.get(ReportWish, wish_id, with_for_update=True)
    if row is None or row.employee_id != actor.id or row.ended_at is not None:
        raise NotFound
    if row.version != version:
        raise Conflict
    return row


def _changed(row: ReportWish, deed: str, actor: Actor, now: datetime) -> None:
    row.version += 1
    audit.record(CHANGED, subject=row.ref, actor=actor, at=now, deed=deed)


def take_up(*, wish_id: int, period: rules.Period, now: datetime) -> bool:
    """Owe one period of a report, once: the period's row and the mail are written together. False where it was before."""
    with transaction():
        row = db.session.get(ReportWish, wish_id, with_for_update=True)
        if row is None or row.paused_at is not None or row.ended_at is not None or period.due_at <= row.made_at:
            return False
        known = select(ReportSending.id).where(ReportSending.wish_id == wish_id, ReportSending.period_key == period.key)
        if db.session.scalar(known) is not None:
            return False
        sending = ReportSending(wish_id=wish_id, period_key=period.key, until=period.due_at, at=now)
        db.session.add(sending)
        db.session.flush()
        enqueue(channel=CHANNEL, key=f"report:{wish_id}:{period.key}", payload={"sending": sending.id}, at=now)
        audit.record(SENT, subject=row.ref, actor=SENDER, at=now, period=period.key, until=period.due_at.isoformat())
        return True


def keep_back(*, sending_id: int, now: datetime) -> None:
    """Pause a report whose reader may not have it any more, and tell them; told once, however often it is asked for."""
    with transaction():
        sending = db.session.get_one(ReportSending, sending_id)
        row = db.session.get_one(ReportWish, sending.wish_id, with_for_update=True)
        if row.paused_at is not None or row.ended_at is not None:
            return
        row.paused_at, row.why_paused = now, "no_right"
        row.version += 1
        audit.record(KEPT_BACK, subject=row.ref, actor=SENDER, at=now, period=sending.period_key, why="no_right")
        person = people.person(row.employee_id)
        if person is not None and person.is_active:
            notify(
                employee_ids=[row.employee_id], kind="report", subject=ref("report_wish", row.id), url="/me/reports",
                text_key=KEPT_BACK_LINE, params={}, at=now,
            )  # fmt: skip
