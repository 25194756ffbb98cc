"""The inlet that a mail server hands mail to, one whole mail at a time."""

from app.api import schemas_mail as given
from app.api.endpoints import Call, endpoint
from app.kernel.references import ref
from app.messages import mail_in_actions as mail_in


@endpoint(
    "POST",
    "/mail",
    "Hand over one mail as it came, with all its headers",
    permission="mails.deliver",
    answer=given.MailOut,
    raw="message/rfc822",
    status=201,
    writes=True,
    has_intent=True,
)
def hand_over_mail(call: Call) -> given.MailOut:
    taken = mail_in.take_in(raw=call.body, source="api", actor=call.actor, now=call.now)
    case = ref("case", taken.case_id) if taken.case_id else None
    return given.MailOut(ref=ref("mail", taken.mail_id), kind=taken.kind, case=case, repeat=taken.is_repeat)
