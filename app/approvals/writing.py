"""How deeds about exceptions are written down: entries, lines of the timeline, notices, and what a reason must be."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l

from app.approvals.models import ExceptionRequest
from app.audit import actions as audit
from app.cases import actions as cases
from app.kernel.actor import Actor
from app.kernel.errors import BadInput
from app.kernel.money import Money
from app.kernel.references import ref
from app.notifications import actions as notifications
from app.notifications.rules import declare
from app.people import queries as people

REASON_CHARACTERS_MAX = 2_000
DECIDING_ROLES = ("supervisor", "manager", "admin")  # who is told of waiting requests

ASKED = audit.declare(
    "exception:ask",
    "remedy",
    "kind",
    "amount_minor",
    "currency",
    "reason",
    "over",
    "terms_hash",
    "policy_version",
    "expires_at",
    sentence=_l("asked for an exception"),
)
APPROVED = audit.declare(
    "exception:approve",
    "kind",
    "amount_minor",
    "asked_minor",
    "currency",
    "reason",
    "requested_by",
    "terms_hash",
    sentence=_l("approved an exception"),
)
DECLINED = audit.declare(
    "exception:decline",
    "kind",
    "asked_minor",
    "currency",
    "reason",
    "requested_by",
    "terms_hash",
    sentence=_l("declined an exception"),
)
AGREED = audit.declare(
    "exception:agree",
    "step",
    "steps",
    "amount_minor",
    "currency",
    "reason",
    "terms_hash",
    sentence=_l("approved one step of an exception"),
)
WITHDRAWN = audit.declare("exception:withdraw", "asked_minor", "currency", sentence=_l("took back an exception"))
EXPIRED = audit.declare("exception:expire", "asked_minor", "currency", sentence=_l("let an exception expire"))

ASKED_NOTICE = declare("exception:asked", _l("%(name)s asks for %(amount)s in %(case)s"))
APPROVED_NOTICE = declare("exception:approved", _l("%(name)s approved %(amount)s in %(case)s"))
DECLINED_NOTICE = declare("exception:declined", _l("%(name)s declined %(amount)s in %(case)s"))
EXPIRED_NOTICE = declare("exception:expired", _l("Nobody answered in time: %(amount)s in %(case)s has expired"))


def note(
    request: ExceptionRequest, what: str, actor: Actor, now: datetime, reason: str, amount_minor: int | None
) -> None:
    """Put the deed on the case's timeline."""
    cases.add_event(
        case_id=request.case_id,
        kind="exception",
        actor=actor,
        at=now,
        text=reason,
        data={
            "ref": request.ref,
            "what": what,
            "kind": request.kind,
            "asked_minor": request.amount_minor,
            "amount_minor": amount_minor,
            "currency": request.currency,
        },
    )


def tell(
    employee_ids: Sequence[int], key: str, request: ExceptionRequest, amount: Money, actor: Actor, now: datetime
) -> None:
    notifications.notify(
        employee_ids=employee_ids,
        kind="exception",
        subject=request.ref,
        url=f"/exceptions/{request.ref}",
        text_key=key,
        params={
            "name": people.names([actor.id]).get(actor.id or 0, actor.label),
            "amount": amount.format(),
            "case": ref("case", request.case_id),
        },
        at=now,
    )


def read_off(request: ExceptionRequest, now: datetime) -> None:
    """Take an ended request out of every inbox that it waited in: nobody opens it to find that it is over."""
    deciders = people.active_people(DECIDING_ROLES)
    notifications.read_off(subject=request.ref, employee_ids=[one.id for one in deciders], now=now)


def clean_reason(text: str, *, required: bool) -> str:
    text = text.strip()
    if required and not text:
        raise BadInput({"reason": [_l("Say why, in a sentence.")]})
    if len(text) > REASON_CHARACTERS_MAX:
        raise BadInput({"reason": [_l("Keep it under %(count)d characters.", count=REASON_CHARACTERS_MAX)]})
    return text
