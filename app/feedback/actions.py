"""Planning a survey when a case is resolved, sending it, taking its answer, and closing the follow-up of an unhappy one."""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.cases import actions as cases
from app.cases.models import Case
from app.cases.rules import CAUSES
from app.customers.models import Customer
from app.feedback import rules
from app.feedback.models import FollowUp, Survey, SurveyAnswer
from app.feedback.rules import Scores
from app.kernel.actor import Actor, rule
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, Refusal
from app.kernel.transactions import transaction
from app.notifications.actions import notify
from app.notifications.mail_actions import is_mail_on
from app.notifications.outbox_actions import enqueue
from app.notifications.rules import declare
from app.people import permissions
from app.people import queries as people
from app.sla import task_actions as clocks

CHANNEL = "survey"
ASKS = rule("survey")
LOW_ANSWER = rule("low-answer")
PLANNED = audit.declare("survey:plan", "round", "ask_at", sentence=_l("planned to ask the customer how it went"))
SENT = audit.declare("survey:send", "round", sentence=_l("asked the customer how it went"))
HANDED = audit.declare("survey:hand", "round", sentence=_l("gave the customer the link to the survey"))
UNSENT = audit.declare("survey:skip", "why", sentence=_l("didn't ask the customer how it went"))
ANSWERED = audit.declare("survey:answer", *rules.ITEMS, "has_comment", "resolver", sentence=_l("answered how it went"))
OPENED = audit.declare("follow-up:open", "survey", "due_at", sentence=_l("asked for a follow-up of an unhappy answer"))
CLOSED = audit.declare("follow-up:close", "cause", "late", sentence=_l("followed up on an unhappy answer"))
TOLD = declare("feedback:low", _l("The customer of %(case)s is unhappy with how it ended. Call within 48 hours."))


class AnsweredAlready(Refusal):
    """This survey has its answer."""

    code = "survey-answered"
    sentence = _l("The customer has answered already.")


class SurveyOver(Refusal):
    """It was sent too long ago."""

    code = "survey-over"
    sentence = _l("The customer was asked more than 30 days ago. Call, and note what you hear.")


class FollowUpOpen(Refusal):
    """The case has an unhappy answer that nobody took up yet."""

    code = "follow-up-open"
    sentence = _l("The customer was unhappy with how this ended. Note first what caused it and what you did about it.")


class FollowUpEnded(Refusal):
    """The follow-up is closed already."""

    code = "follow-up-ended"
    sentence = _l("This follow-up is closed already.")


def plan(case: Case, actor: Actor, now: datetime) -> None:
    """Plan the survey of a resolution, inside it. History, and a gesture without a failure, are not asked about."""
    if case.historic or case.severity == 0:
        return
    survey = Survey(
        case_id=case.id, round=case.reopened_count, customer_id=case.customer_id, site_id=case.site_id,
        team_id=case.team_id, resolver_id=actor.id, severity=case.severity, resolved_at=now,
        ask_at=rules.ask_at(now), state="planned",
    )  # fmt: skip
    db.session.add(survey)
    db.session.flush()
    _record(PLANNED, survey, actor, now, round=survey.round, ask_at=survey.ask_at.isoformat())


def refuse_while_unhappy(case: Case, actor: Actor, now: datetime) -> None:
    """Nobody resolves a case while an unhappy answer waits for its follow-up."""
    waits = select(FollowUp.id).where(FollowUp.case_id == case.id, FollowUp.closed_at.is_(None)).limit(1)
    if db.session.scalar(waits) is not None:
        raise FollowUpOpen


def send(*, survey_id: int, now: datetime) -> bool:
    """Send one planned survey that is due, or note why nobody is asked. False when it isn't planned any more."""
    with transaction():
        survey = db.session.get(Survey, survey_id, with_for_update=True)
        if survey is None or survey.state != "planned" or survey.ask_at > now:
            return False
        case = db.session.get_one(Case, survey.case_id)
        customer = db.session.get(Customer, case.customer_id) if case.customer_id else None
        why = None
        if case.resolved_at is None or case.reopened_count != survey.round:
            why = "reopened"
        elif customer is None or not customer.email:
            why = "no-address"
        elif not is_mail_on():
            why = "no-mail"
        if why is not None:
            survey.state, survey.why_unsent = "unsent", why
            _record(UNSENT, survey, ASKS, now, why=why)
            return True
        survey.state, survey.sent_at = "sent", now
        enqueue(channel=CHANNEL, key=f"survey:{survey.id}", payload={"survey": survey.id}, at=now)
        _record(SENT, survey, ASKS, now, round=survey.round)
        return True


def hand_out(*, case_id: int, actor: Actor, now: datetime) -> Survey:
    """Give the survey's link to the customer oneself: where she has no address, or would rather have it at once.

    Raises NotFound when the case has no survey of its newest resolution, AnsweredAlready, and SurveyOver.
    """
    with transaction():
        case = db.session.get(Case, case_id)
        if case is None:
            raise NotFound
        permissions.require(actor, "cases.write", site_id=case.site_id)
        newest = select(Survey).where(Survey.case_id == case.id, Survey.round == case.reopened_count)
        survey = db.session.scalars(newest.with_for_update()).one_or_none()
        if survey is None or case.resolved_at is None:
            raise NotFound
        if survey.state == "answered":
            raise AnsweredAlready
        if survey.sent_at is not None and not rules.is_open(survey.sent_at, now):
            raise SurveyOver
        survey.state, survey.why_unsent, survey.sent_at = "sent", None, survey.sent_at or now
        _record(HANDED, survey, actor, now, round=survey.round)
        return survey


def answer(*, survey_id: int, scores: Scores, comment: str, actor: Actor, now: datetime) -> bool:
    """Take the customer's answer; True when it asks for a follow-up, which then reopens the case. Once."""
    with transaction():
        survey = db.session.get(Survey, survey_id, with_for_update=True)
        if survey is None or not rules.is_open(survey.sent_at, now):
            raise NotFound
        if survey.state == "answered":
            raise AnsweredAlready
        if scores.is_empty:
            raise BadInput({"csat": [_("Choose at least one answer.")]})
        if len(comment) > rules.COMMENT_MAX:
            raise BadInput({"comment": [_("Please keep it under %(count)s characters.", count=rules.COMMENT_MAX)]})
        given = {item: getattr(scores, item) for item in rules.ITEMS}
        survey.state = "answered"
        db.session.add(SurveyAnswer(survey_id=survey.id, comment=comment, at=now, **given))
        cases.add_event(
            case_id=survey.case_id, kind="survey", actor=actor, at=now, text=comment,
            data={"survey": survey.ref, **given},
        )  # fmt: skip
        resolver = f"EM-{survey.resolver_id}" if survey.resolver_id else None
        _record(ANSWERED, survey, actor, now, **given, has_comment=bool(comment.strip()), resolver=resolver)
        if not rules.is_low(scores):
            return False
        _open_follow_up(survey, now)
        return True


def close_follow_up(*, follow_up_id: int, cause: str, action: str, version: int, actor: Actor, now: datetime) -> None:
    """Close a follow-up with what caused it and what was done. The case stays open until it is resolved again."""
    with transaction():
        found = db.session.get(FollowUp, follow_up_id, with_for_update=True)
        if found is None:
            raise NotFound
        permissions.require(actor, "cases.write", site_id=found.site_id)
        if found.closed_at is not None:
            raise FollowUpEnded
        if found.version != version:
            raise Conflict
        errors = {}
        if cause not in CAUSES:
            errors["cause"] = [_("Choose what caused it.")]
        if not rules.TEXT_MIN <= len(action.strip()) <= rules.TEXT_MAX:
            errors["action"] = [_("Say in 3 to 1,000 characters what you did about it.")]
        if errors:
            raise BadInput(errors)
        found.cause, found.action, found.closed_at, found.closed_by_id = cause, action.strip(), now, actor.id
        found.version += 1
        clocks.end_clock(case_id=found.case_id, subject=found.ref, at=now, actor=actor, now=now)
        cases.add_event(
            case_id=found.case_id, kind="survey", actor=actor, at=now, text=found.action,
            data={"deed": "followed-up", "follow_up": found.ref, "cause": cause},
        )  # fmt: skip
        audit.record(
            CLOSED, subject=found.ref, actor=actor, at=now, case_id=found.case_id, site_id=found.site_id,
            cause=cause, late=now > found.due_at,
        )  # fmt: skip


def _open_follow_up(survey: Survey, now: datetime) -> None:
    """Open the inner loop: the case again, a clock of 48 hours, and a word to whoever can call."""
    case = db.session.get_one(Case, survey.case_id, with_for_update=True, populate_existing=True)
    if case.resolved_at is not None:
        # The desk reads it, whatever language the customer answered in.
        with force_locale(people.site(case.site_id).locale):
            reason = _("The customer's answer to the survey was unhappy.")
        cases.reopen(case_id=case.id, reason=reason, actor=LOW_ANSWER, now=now)
    found = FollowUp(
        survey_id=survey.id, case_id=case.id, site_id=case.site_id, team_id=case.team_id, opened_at=now,
        due_at=now + timedelta(seconds=rules.FOLLOW_UP_SECONDS), version=1,
    )  # fmt: skip
    db.session.add(found)
    db.session.flush()
    clocks.start_clock(
        case_id=case.id, milestone="follow_up", subject=found.ref, site_id=case.site_id, team_id=case.team_id,
        owner_id=case.owner_id, severity=case.severity, started_at=now.replace(microsecond=0),
        seconds=rules.FOLLOW_UP_SECONDS, actor=LOW_ANSWER, now=now,
    )  # fmt: skip
    leads = people.supervisors_for(case.site_id, case.team_id)
    notify(
        employee_ids=[case.owner_id, *leads[:1]], kind="feedback:low", subject=found.ref,
        url=f"/follow-ups/{found.ref}", text_key=TOLD, params={"case": case.ref}, at=now,
    )  # fmt: skip
    audit.record(
        OPENED, subject=found.ref, actor=LOW_ANSWER, at=now, case_id=case.id, site_id=case.site_id,
        survey=survey.ref, due_at=found.due_at.isoformat(),
    )  # fmt: skip


def _record(entry: audit.EntryType, survey: Survey, actor: Actor, now: datetime, **said: Any) -> None:
    audit.record(
        entry, subject=survey.ref, actor=actor, at=now, case_id=survey.case_id, site_id=survey.site_id, **said
    )  # fmt: skip
