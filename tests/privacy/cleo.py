"""Cleo, with a word that stands nowhere else, on every path by which something about a customer comes in."""

import io
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP

from flask import Flask
from PIL import Image
from sqlalchemy import select

from app.attachments import actions as attachments
from app.cases import actions as cases
from app.cases.models import Case
from app.customers import actions as customers
from app.customers import care_actions, check_back_actions
from app.customers.models import CheckBack
from app.feedback import actions as feedback
from app.feedback.rules import Scores
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import BadInput
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.messages import continuity_actions, draft_actions, letter_actions
from app.messages import mail_actions as mails
from app.messages.letter_rules import Words
from app.messages.mail_in_actions import POSTMAN, take_in
from app.messages.mailbox_actions import set_mailbox
from app.notifications import mail_actions, outbox_jobs
from app.notifications.actions import notify
from app.promises import actions as promises
from app.promises.models import Promise
from app.remedies import actions as remedies
from app.remedies import payout_actions as payouts
from app.remedies.payout_models import Payout
from app.reviews import recognition_actions as recognition
from tests.api.client import Api
from tests.cases.builders import make_case
from tests.people.builders import Company
from tests.portal.builders import visit
from tests.remedies.builders import give

TOKEN = "zyxwvutsra"
NAME = f"Cléo {TOKEN.capitalize()}"
EMAIL = f"cleo@{TOKEN}.example"
PHONE = "+4915550001234"
LETTER = Words(
    *(f"{TOKEN} {part}" for part in ("subject", "opening", "decision", "reason", "remedy", "next", "disagree"))
)


@dataclass(frozen=True, slots=True)
class Seeded:
    case: Case
    customer_id: int
    other: Case


def photo() -> bytes:
    """A picture that says in its EXIF who took it."""
    exif = Image.Exif()
    exif[0x013B], exif[0x010E] = NAME, f"taken by {NAME}"
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(out, "JPEG", exif=exif)
    return out.getvalue()


def came(text: str, *, to: str = "care@quay.example", subject: str = f"{TOKEN} again") -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = f"{NAME} <{EMAIL}>", to, subject
    message["Message-ID"] = f"<{len(text)}@{TOKEN}.example>"
    message.set_content(text)
    message.add_attachment(photo(), maintype="image", subtype="jpeg", filename=f"{TOKEN}.jpg")
    return message.as_bytes()


def seed(app: Flask, company: Company) -> Seeded:
    """Put the word everywhere; the case ends resolved, answered for and paid, so that nothing is under way."""
    ana, sam, now = company.ana, company.sam, utc_now()
    make_case(company.ana, customer=None)
    set_mailbox(
        site_id=ana.site_id, address="care@quay.example", name="Quay", category_id=None, severity=2, version=0,
        actor=company.ada.actor, now=now,
    )  # fmt: skip
    said = {
        "category": "comfort", "severity": 2, "summary": f"{TOKEN} had no heating", "channel": "desk",
        "customer": {"name": NAME, "email": EMAIL},
    }  # fmt: skip
    answer = Api(app, ana).post("/cases", said)
    assert answer.status_code == 201, answer.text
    case = db.session.get_one(Case, int(answer.json["ref"].removeprefix("MG-")))
    customer_id = case.customer_id
    assert customer_id is not None
    customers.change(
        customer_id=customer_id, version=1, name=NAME, email=EMAIL, phone=PHONE, language="en", actor=ana.actor, now=now
    )
    _words(case, customer_id, company)
    _files(case, company)
    _mails(case, company)
    _money(case, company)
    _portal(app, case, company)
    other = make_case(company.bo, customer="Dora Quist", summary=f"Noise from the room of {NAME}")
    cases.add_note(case_id=other.id, text=f"Ask {NAME.upper()} or {EMAIL}", actor=sam.actor, now=now)
    _end(case, company)
    outbox_jobs.deliver_due(now=utc_now())
    if mail_actions.is_mail_on():
        _told(company)
    return Seeded(case, customer_id, other)


def _words(case: Case, customer_id: int, company: Company) -> None:
    ana, now = company.ana, utc_now()
    cases.add_note(case_id=case.id, text=f"note about {TOKEN}", actor=ana.actor, now=now)
    continuity_actions.note(case_id=case.id, text=f"{TOKEN} is tired", version=0, actor=ana.actor, now=now)
    draft_actions.keep_draft(case_id=case.id, subject=TOKEN, text=f"Dear {TOKEN}", actor=company.sam.actor, now=now)
    care_actions.set_wishes(
        customer_id=customer_id, channel="email", do_not_call=False, wishes=f"{TOKEN} likes quiet", version=0,
        actor=ana.actor, now=now,
    )  # fmt: skip
    care_actions.record_consent(
        customer_id=customer_id, purpose="marketing", given=True, source="desk", said_at=now, actor=ana.actor, now=now
    )
    check_back_actions.plan(
        customer_id=customer_id, case_id=case.id, site_id=ana.site_id, owner_id=ana.id, channel="email",
        what=f"ask {TOKEN}", due_at=now + timedelta(days=2), actor=ana.actor, now=now,
    )  # fmt: skip
    recognition.propose_note(
        employee_id=ana.id, coach_id=company.sam.id, saw=f"{NAME} waited in the cold.", next_step="Ring at once.",
        actor=company.sam.actor, now=now,
    )  # fmt: skip
    promise = _promise(case, company)
    promises.keep(promise_id=promise.id, version=promise.version, actor=ana.actor, now=now)


def _told(company: Company) -> None:
    """Remind of the check-back in the inbox, and owe the mail of the day that repeats the newest lines."""
    later = utc_now() + timedelta(days=3)
    mail_actions.prefer(
        mail="digest",
        quiet_from=None,
        quiet_to=None,
        digest_at="00:00",
        version=0,
        actor=company.ana.actor,
        now=utc_now(),
    )
    check_back = db.session.scalars(select(CheckBack.id)).one()
    with transaction():
        assert check_back_actions.remind(task_id=check_back, actor=command("test"), now=later)
        notify(
            employee_ids=[company.ana.id], kind="feedback:test", subject=ref("check_back", check_back), url="/check-backs",
            text_key=check_back_actions.DUE_NOTICE, params={"customer": NAME, "what": f"ask {TOKEN}"}, at=later,
        )  # fmt: skip
    assert mail_actions.send_digests(now=later) == 1


def _promise(case: Case, company: Company) -> Promise:
    """Promise it for the first hour at which somebody is there."""
    now = utc_now().replace(minute=30, second=0, microsecond=0)
    for hours in range(4, 100):
        with suppress(BadInput):
            return promises.make(
                case_id=case.id, what=f"{TOKEN} gets a heater", told_to=NAME, due_at=now + timedelta(hours=hours),
                keeper_id=None, actor=company.ana.actor, now=now,
            )  # fmt: skip
    raise AssertionError("nobody is ever there")


def _files(case: Case, company: Company) -> None:
    with attachments.prepared([_Upload(f"{TOKEN}.jpg", photo())]) as files:
        attachments.add(subject_kind="case", subject_id=case.id, files=files, actor=company.ana.actor, now=utc_now())


class _Upload:
    def __init__(self, filename: str, data: bytes) -> None:
        self.filename, self.stream = filename, io.BytesIO(data)


def _mails(case: Case, company: Company) -> None:
    now = utc_now()
    mails.write(
        case_id=case.id, text=f"Dear {TOKEN}", channel="email", to=EMAIL, waits=False, actor=company.ana.actor, now=now,
        intent="seed-mail",
    )  # fmt: skip
    outbox_jobs.deliver_due(now=utc_now())
    take_in(
        raw=came(f"{TOKEN} answers", subject=f"Re: {TOKEN} [{case.ref}]"), source="api", actor=POSTMAN, now=utc_now()
    )
    take_in(raw=came(f"{TOKEN} writes of something else entirely"), source="api", actor=POSTMAN, now=utc_now())
    letter_actions.send(
        case_id=case.id, kind="final", words=LETTER, language="en", text_number=0, way="email", to=EMAIL,
        intent="seed-letter", actor=company.ana.actor, now=utc_now(),
    )  # fmt: skip


def _money(case: Case, company: Company) -> None:
    ana, sam = company.ana, company.sam
    paid = give(ana, case.id, 1_000, currency="GBP", reason=f"{TOKEN} froze")
    remedies.accept(remedy_id=paid.id, actor=ana.actor, now=utc_now())
    payout = db.session.scalars(select(Payout).where(Payout.remedy_id == paid.id)).one()
    payouts.prove(
        payout_id=payout.id, reference="BANK-1", done_at=utc_now(), actor=ana.actor, now=utc_now(), text=f"to {TOKEN}"
    )
    asked = remedies.ask_exception(
        case_id=case.id, kind="refund", amount=Money(60_000, "GBP"), reason=f"{TOKEN} lost a day", intent="seed-ask",
        actor=ana.actor, now=utc_now(),
    )  # fmt: skip
    remedies.decide_exception(
        exception_id=asked.id,
        outcome="declined",
        amount=None,
        reason=f"not for {TOKEN}",
        actor=sam.actor,
        now=utc_now(),
    )


def _portal(app: Flask, case: Case, company: Company) -> None:
    hers = visit(app, case, company.ana)
    sent = hers.post(f"/your-case/{case.ref}/messages", data={"text": f"{TOKEN} writes here", "intent": "seed-portal"})
    assert sent.status_code in (303, 422), sent.text


def _end(case: Case, company: Company) -> None:
    ana, now = company.ana, utc_now()
    db.session.expire_all()
    remedies_open = db.session.get_one(Case, case.id)
    cases.resolve(
        case_id=remedies_open.id,
        outcome="made_good",
        root_cause="equipment",
        note=f"{TOKEN} is warm",
        actor=ana.actor,
        now=now,
    )
    survey = feedback.hand_out(case_id=case.id, actor=ana.actor, now=now)
    feedback.answer(
        survey_id=survey.id, scores=Scores(csat=5, nps=9, ces=None, outcome_fair=None, process_fair=None, treated_well=None),
        comment=f"{TOKEN} thanks you", actor=command("test"), now=now,
    )  # fmt: skip
