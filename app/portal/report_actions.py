"""Take in a report by a public form: the same deed as a case logged at the desk, with the reporter's own words."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.attachments import actions as attachments
from app.audit import actions as audit
from app.cases import actions as cases
from app.cases.rules import SUMMARY_MAX
from app.customers import actions as customers
from app.customers.rules import email_key, phone_key
from app.kernel.actor import Actor, customer, rule
from app.kernel.database import db
from app.kernel.errors import BadInput, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.kernel.turns import one_at_a_time
from app.messages import actions as messages
from app.notifications.mail_actions import is_mail_on
from app.notifications.rules import declare
from app.portal import link_actions as links
from app.portal import rules, throttle_actions
from app.portal.models import Report
from app.portal.report_queries import PlaceRow, same_report
from config import Settings

RECEIVED = audit.declare(
    "report:receive", "place", "joined", "consent", "length", sentence=_l("reported an issue by the public form")
)
NEW = declare("customer:reported", _l("%(case)s: a customer reported an issue at %(place)s. Nobody has it yet."))
ACKNOWLEDGEMENT = rule("report-acknowledgement")


class ReportReused(Refusal):
    """The same form came with other words."""

    status = 422
    code = "intent-reused"
    sentence = _l("This form was sent already. Open it anew to report something else.")


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody reports; text stands as it was typed."""

    text: str
    category_id: int
    severity: int
    name: str
    email: str | None = None
    phone: str | None = None
    occurred_at: datetime | None = None
    wanted: str = ""
    language: str | None = None
    consent: bool = False
    photos: tuple[attachments.Prepared, ...] = field(default=(), repr=False)

    def fingerprint(self) -> str:
        said = (self.text, self.category_id, self.severity, self.name, self.email, self.phone, self.wanted)
        return hashlib.sha256(repr(said).encode("utf-8", "surrogatepass")).hexdigest()


def report(*, place: PlaceRow, said: Said, intent: str, address: str | None, now: datetime) -> Report:
    """Log a case, or add to the one that tells the same; acknowledge it, and owe the mail that says what comes next.

    The same intent reports once. Raises TooMuch when this address or site sent too many, BadInput for what is missing.
    """
    _check(said, intent)
    actor = customer(place.ref, place.site_id).through("", address)
    with transaction():
        one_at_a_time("report", intent)
        known = db.session.scalars(select(Report).where(Report.intent == intent)).one_or_none()
        if known is not None:
            if known.fingerprint != said.fingerprint():
                raise ReportReused
            return known
        throttle_actions.count(rules.address_key("report", address), rules.REPORTS_HERE, now)
        throttle_actions.count(f"reports-at:{place.site_id}", rules.REPORTS_THERE, now)
        contact = rules.contact_key(_secret(), email_key(said.email), phone_key(said.phone))
        if contact:
            one_at_a_time("report", contact)
        case_id = same_report(contact, place.site_id, said.text, now)
        joined, is_new = case_id is not None, False
        if case_id is None:
            case_id, is_new = _log(place, said, actor, now)
            message = messages.keep_first(
                case_id=case_id, text=said.text, channel=place.channel, intent=f"report:{intent}", actor=actor, now=now
            )
            cases.acknowledge(case_id=case_id, channel=place.channel, actor=ACKNOWLEDGEMENT, now=now)
        else:
            message = messages.receive(
                case_id=case_id, text=said.text, channel=place.channel, intent=f"report:{intent}", actor=actor, now=now
            )
        reporter = customer(ref("case", case_id), place.site_id).through("", address)  # a poster's guests are many
        attachments.add(subject_kind="case", subject_id=case_id, files=said.photos, actor=reporter, now=now)
        kept = Report(
            place_id=place.id, case_id=case_id, message_id=message.id, contact=contact, intent=intent,
            fingerprint=said.fingerprint(), joined=joined, is_new_customer=is_new, at=now,
        )  # fmt: skip
        db.session.add(kept)
        db.session.flush()
        audit.record(
            RECEIVED, subject=ref("case", case_id), actor=actor, at=now, case_id=case_id, site_id=place.site_id,
            place=place.ref, joined=joined, consent=said.consent, length=len(said.text),
        )  # fmt: skip
        _answer_by_mail(kept, said, contact, actor, now, is_new=is_new)
        return kept


def _log(place: PlaceRow, said: Said, actor: Actor, now: datetime) -> tuple[int, bool]:
    """Log the case; True when nobody was on file under these contacts before."""
    who = customers.find_or_make(
        name=said.name, email=said.email, phone=said.phone, language=said.language, site_id=place.site_id, actor=actor,
        now=now,
    )  # fmt: skip
    case = cases.log(
        site_id=place.site_id, team_id=None, owner_id=None, customer_id=who.id, category_id=said.category_id,
        severity=said.severity, summary=rules.summary_of(said.text, SUMMARY_MAX), description=said.text,
        channel=place.channel, occurred_at=said.occurred_at, received_at=now, desired_outcome=said.wanted, actor=actor,
        now=now,
    )  # fmt: skip
    messages.tell_owner(case=case, line=NEW, now=now, place=place.name)
    return case.id, who.created_at == now


def _answer_by_mail(
    kept: Report, said: Said, contact: str | None, actor: Actor, now: datetime, *, is_new: bool
) -> None:
    """Owe the acknowledgement, at most a few for one address; without one, a new customer gets the link on the page."""
    if said.email and contact and is_mail_on():
        try:
            throttle_actions.count(f"mail:{contact}", rules.MAILS, now)
        except throttle_actions.TooMuch:
            return
        links.mail_link(case_id=kept.case_id, what="report", key=f"report:{kept.id}", actor=actor, now=now)
    elif is_new:
        links.make_link(case_id=kept.case_id, actor=actor, now=now)


def _check(said: Said, intent: str) -> None:
    errors: dict[str, list[Any]] = {}
    if not said.text.strip():
        errors["text"] = [str(_l("Tell us what happened."))]
    elif len(said.text) > rules.TEXT_MAX:
        errors["text"] = [str(_l("Keep this to %(count)d characters.", count=rules.TEXT_MAX))]
    if not said.consent:
        errors["consent"] = [str(_l("We need your yes to look into it."))]
    if not 8 <= len(intent) <= 100:
        errors["intent"] = [str(_l("Open the page again: the form has lost its key."))]
    if errors:
        raise BadInput(errors)


def _secret() -> bytes:
    settings: Settings = current_app.extensions["makegood_settings"]
    return settings.secrets[-1].encode()
