"""Where a mail that came belongs: on its case as the customer's word, as a stranger's, in a new case, or with whoever sorts. Pure."""

from dataclasses import dataclass
from typing import Literal

from app.messages.mail_in_rules import Came

SENDER_MAILS_MAX = 20  # of one sender within a day: what is beyond waits to be sorted
Kind = Literal["customer", "stranger", "opened", "auto", "loop", "bounce", "delay", "unsorted"]


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows about a mail. is_proved: its thread was signed by us, so whoever wrote had a mail of ours."""

    is_ours: bool
    case_id: int | None
    is_proved: bool
    customer_email: str | None
    site_id: int | None
    can_open: bool
    has_open_case: bool
    sent_today: int


@dataclass(frozen=True, slots=True)
class Place:
    kind: Kind
    why: str


def place(came: Came, known: Known) -> Place:
    """Decide, the first rule that fits: loop, report, automatic, on its case, too many, and last a new case or the list.

    why: one of the words of `words.WHY_WORDS`.
    """
    if known.is_ours:
        return Place("loop", "loop")
    if came.nature == "bounce":
        return Place("bounce", "report") if known.case_id else Place("unsorted", "report")
    if came.nature in ("delay", "auto", "loop"):
        return Place("delay" if came.nature == "delay" else "auto", "auto")
    if known.case_id is not None:
        return _on_case(came, known)
    if "unreadable" in came.notes:
        return Place("unsorted", "unreadable")
    if not came.sender:
        return Place("unsorted", "no-sender")
    if known.sent_today >= SENDER_MAILS_MAX:
        return Place("unsorted", "many")
    if is_forged(came):
        return Place("unsorted", "forged")
    if known.has_open_case:
        return Place("unsorted", "open-case")
    return Place("opened", "new") if known.can_open else Place("unsorted", "nowhere")


def _on_case(came: Came, known: Known) -> Place:
    if not came.sender or came.sender != known.customer_email:
        return Place("stranger", "other-address")
    if is_forged(came):
        return Place("stranger", "forged")
    if known.is_proved or came.passed:
        return Place("customer", "thread")
    return Place("stranger", "not-proved")


def is_forged(came: Came) -> bool:
    """Our own mail server was asked, and vouches for another domain than the sender's, or for none."""
    if came.passed is None:
        return False
    domain = came.sender.rpartition("@")[2]
    return not any(domain == one or domain.endswith("." + one) or one.endswith("." + domain) for one in came.passed)
