"""Mail of the demo company: mailboxes, templates, a few mails as they came, and a note that spares Cleo saying it again."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP

from flask import current_app
from sqlalchemy import select

from app.cases.models import Case, Category
from app.customers.models import Customer
from app.demo.company import DOMAIN
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.references import ref
from app.messages import mail_in_actions as mail_in
from app.messages import mail_rules
from app.messages.continuity_actions import note
from app.messages.letter_actions import send as send_letter
from app.messages.letter_rules import filled
from app.messages.letter_words import BUILT_IN
from app.messages.mailbox_actions import set_mailbox
from app.messages.template_actions import Words, write
from app.people import queries as people
from app.ui.paper import PrinterMissing
from config import Settings

HERS = "No heating in room 512, second night"
TEMPLATES = (
    ("We are on it", "About {{case_ref}}", "Zu {{case_ref}}",
     "Dear {{customer_name}},\n\nwe are looking into it. You hear from us by {{due_on}}.\n\n{{my_name}}\n{{site}}",
     "Guten Tag {{customer_name}},\n\nwir kümmern uns. Sie hören bis {{due_on}} von uns.\n\n{{my_name}}\n{{site}}"),
    ("What we give you", "{{remedy}} for you", "{{remedy}} für Sie",
     "Dear {{customer_name}},\n\nwe are sorry. You get {{remedy}} from us. If that isn't right, answer this mail.\n\n{{my_name}}\n{{site}}",
     "Guten Tag {{customer_name}},\n\nes tut uns leid. Sie bekommen von uns {{remedy}}. Passt das nicht, antworten Sie einfach."
     "\n\n{{my_name}}\n{{site}}"),
)  # fmt: skip


def write_mails(now: datetime) -> None:
    """Set up the mailbox of Ana's site, and take in what came there, through the same actions as the scheduler's."""
    ana = people.person_by_email(f"ana@{DOMAIN}")
    assert ana is not None
    box, operator = f"harbour@{DOMAIN}", command("demo")
    category = db.session.scalar(select(Category.id).where(Category.name == "Lost or damaged things"))
    set_mailbox(
        site_id=ana.site_id, address=box, name=people.site(ana.site_id).name, category_id=category, severity=1, version=0,
        actor=operator, now=now,
    )  # fmt: skip
    for name, subject, betreff, body, text in TEMPLATES:
        words = [Words("en", subject, body), Words("de", betreff, text)]
        write(template_id=None, name=name, active=True, words=words, version=0, actor=operator, now=now)
    case_id, email = db.session.execute(
        select(Case.id, Customer.email)
        .join(Customer, Customer.id == Case.customer_id)
        .where(Case.owner_id == ana.id, Case.summary == HERS, Case.resolved_at.is_(None))
    ).one()
    settings: Settings = current_app.extensions["makegood_settings"]
    answer_to = mail_rules.reply_address(box, case_id, settings.secrets)
    for number, (sender, to, subject, said, more) in enumerate((
        (email or "", answer_to, "Re: No heating", "The radiator in the bathroom works, the one in the bedroom still doesn't.", {}),
        ("Felix Brandt <felix.brandt@guest.example>", box, "A grey coat", "I left my coat in the bar on Friday evening.", {}),
        ("", box, "Invoice attached", "Please pay at once.", {}),
        ("news@offers.example", box, "Spring offers", "Ten per cent off all towels.", {"Precedence": "bulk"}),
    )):  # fmt: skip
        mail_in.take_in(
            raw=_mail(number, sender, to, subject, said, more), source="api", actor=mail_in.POSTMAN, now=now
        )
    note(
        case_id=case_id, version=0, actor=ana.actor, now=now,
        text="Two nights without heating, with a small child. Wants a warm room, not money. Was promised word by the evening.",
    )  # fmt: skip
    write_letter(now)


def write_letter(now: datetime) -> None:
    """Let Ana sum up in writing what she settled last; the PDF needs Pango, and without it nobody writes one."""
    ana = people.person_by_email(f"ana@{DOMAIN}")
    assert ana is not None
    case = db.session.execute(
        select(Case.id, Customer.name)
        .join(Customer, Customer.id == Case.customer_id)
        .where(Case.owner_id == ana.id, Case.outcome == "made_good", Case.resolved_at < now, Case.historic.is_(False))
        .order_by(Case.resolved_at.desc(), Case.id.desc())
        .limit(1)
    ).first()
    if case is None:
        return
    words, _missing = filled(
        BUILT_IN[("summary", "en")], {"customer_name": case.name, "case_ref": ref("case", case.id)}
    )
    words = replace(words, remedy="What you were given on the spot is yours to keep.")
    db.session.rollback()
    with suppress(PrinterMissing):
        send_letter(
            case_id=case.id, kind="summary", words=words, language="en", text_number=0, way="page", intent="demo-letter",
            actor=ana.actor, now=now,
        )  # fmt: skip


def _mail(number: int, sender: str, to: str, subject: str, said: str, more: dict[str, str]) -> bytes:
    made = EmailMessage(policy=SMTP)
    if sender:
        made["From"] = sender
    made["To"], made["Subject"] = to, subject
    made["Message-ID"] = f"<demo-{number}@guest.example>"
    for name, value in more.items():
        made[name] = value
    made.set_content(said)
    return made.as_bytes()
