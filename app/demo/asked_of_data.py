"""What people asked about their own data: one request of each kind, three of them answered."""

from datetime import datetime, timedelta

from app.kernel.references import ref
from app.people.queries import PersonRow
from app.privacy import request_actions as requests
from app.privacy.subject_queries import subject_of

_ANSWERED = (
    ("access", "answered", "", "By e-mail: everything that is kept about the last stay."),
    ("correction", "answered", "", "The telephone number was one digit wrong."),
    ("objection", "refused", "Invoices are kept by law; nothing else is done with the address.", "No use for figures."),
)


def ask_about_data(customer_id: int, ada: PersonRow, now: datetime) -> None:
    """Let a customer ask; what they want erased is still to be answered."""
    subject = subject_of(ref("customer", customer_id))
    assert subject is not None
    for number, (kind, outcome, reason, note) in enumerate(_ANSWERED):
        asked = now - timedelta(days=20 - 3 * number)
        row = requests.record(
            subject=subject, kind=kind, received_on=asked.date(), note=note, actor=ada.actor, now=asked
        )
        requests.answer(
            request_id=row.id, outcome=outcome, reason=reason, actor=ada.actor, now=asked + timedelta(days=2)
        )
    requests.record(
        subject=subject, kind="erasure", received_on=(now - timedelta(days=4)).date(), note="Once the case is closed.",
        actor=ada.actor, now=now,
    )  # fmt: skip
