"""What customers answered before, as a file tells it: nobody is asked, called or told because of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert

from app.audit import actions as audit
from app.cases import actions as cases
from app.feedback.models import Survey, SurveyAnswer
from app.feedback.rules import Scores
from app.kernel.actor import Actor, customer
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.people import permissions

IMPORTED = audit.declare(
    "survey:import", "csat", "at", "resolver", sentence=_l("brought in what a customer answered before")
)


@dataclass(frozen=True, slots=True)
class PastAnswer:
    """How satisfied (1–5) the customer of a past case was. at: when it was resolved, which the answer is about."""

    case_id: int
    site_id: int
    team_id: int | None
    resolver_id: int | None
    severity: int
    csat: int
    at: datetime


def log_history(answers: Sequence[PastAnswer], *, actor: Actor, now: datetime) -> list[int]:
    """Keep a batch as answered surveys, one audit entry per answer; returns the surveys' ids in the given order.

    No mail goes out, and an unhappy answer opens no follow-up: the time to call is long over.
    """
    permissions.require(actor, "cases.import")
    for answer in answers:
        Scores(csat=answer.csat)  # raises ValueError outside 1–5
    if not answers:
        return []
    with transaction():
        ids = list(
            db.session.execute(
                insert(Survey).returning(Survey.id, sort_by_parameter_order=True), [_row(answer) for answer in answers]
            ).scalars()
        )
        pairs = list(zip(ids, answers, strict=True))
        rows = [{"survey_id": one, "csat": answer.csat, "comment": "", "at": answer.at} for one, answer in pairs]
        db.session.execute(insert(SurveyAnswer), rows)
        for survey_id, answer in pairs:
            cases.add_event(
                case_id=answer.case_id, kind="survey", actor=customer(ref("case", answer.case_id), answer.site_id),
                at=answer.at, data={"survey": ref("survey", survey_id), "csat": answer.csat, "historic": True},
            )  # fmt: skip
        audit.record_many([_entry(*pair) for pair in pairs], actor=actor, at=now)
        return ids


def _row(answer: PastAnswer) -> dict[str, Any]:
    return {
        "case_id": answer.case_id,
        "round": 0,
        "site_id": answer.site_id,
        "team_id": answer.team_id,
        "resolver_id": answer.resolver_id,
        "severity": answer.severity,
        "resolved_at": answer.at,
        "ask_at": answer.at,
        "state": "answered",
        "sent_at": answer.at,
    }


def _entry(survey_id: int, answer: PastAnswer) -> audit.Entry:
    resolver = ref("employee", answer.resolver_id) if answer.resolver_id else None
    said = {"csat": answer.csat, "at": iso(answer.at), "resolver": resolver}
    return audit.Entry(IMPORTED, ref("survey", survey_id), said, answer.case_id, answer.site_id)
