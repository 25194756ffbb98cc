"""What the case page needs about mail: the form, whether it can go out, what became of the last one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.cases.queries import CasePage
from app.messages import mail_rules
from app.messages.forms import MailForm
from app.messages.mail_actions import subject_for
from app.messages.mail_queries import CaseMails, InRow, OutRow, SentFile, mails_of_case
from app.notifications.mail_actions import is_mail_on
from app.people.access import can, me


@dataclass(frozen=True, slots=True)
class MailPanel:
    """to: the address that the button names; None when nothing can be mailed, `why_not` says why.

    lost: the newest mail, when it came back or could not be sent, and nothing was written to her since.
    """

    form: MailForm | None
    to: str | None
    lost: OutRow | None
    out: Mapping[datetime, OutRow]
    came: Mapping[datetime, InRow]
    files: tuple[SentFile, ...] = ()


def mail_panel(page: CasePage, form: MailForm | None, filled: tuple[str, str] | None = None) -> MailPanel:
    """filled: subject and text of a template that was picked; they stand before a draft."""
    case = page.case
    found = mails_of_case(case.id, me().id)
    to = page.customer_email if is_mail_on() and (page.customer_email or "").isascii() else None
    if form is not None:
        form.to.data = to or ""  # a second try goes where the button says now
    if form is None and to and can("cases.write"):
        form = MailForm(formdata=None, prefix="mail", to=to)
        subject, text = filled or ((found.draft.subject, found.draft.text) if found.draft else ("", ""))
        form.subject.data = mail_rules.one_line(subject) or subject_for(case, found.subject)
        form.text.data = text
    out, came = {one.at: one for one in found.out}, {one.at: one for one in found.came}
    return MailPanel(form, to, _lost(found), out, came, found.files)


def _lost(found: CaseMails) -> OutRow | None:
    newest = found.out[0] if found.out else None
    return newest if newest is not None and newest.state in ("bounced", "failed", "unknown") else None
