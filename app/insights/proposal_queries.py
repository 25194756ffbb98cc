"""What was decided about exceptions, as evidence for higher limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.approvals.models import ExceptionDecision, ExceptionRequest
from app.insights.proposal_models import LimitProposal
from app.insights.proposal_rules import LIMITS, Decided, Need
from app.kernel.database import db
from app.policies.models import PolicyVersion
from app.remedies.models import Remedy

LOOKBACK = timedelta(days=365)
REQUESTS_MAX = 20_000
# The window of one cause has the incident's limit: it goes with it.
_FOLLOWS = "customer_cause"


def decided(site_ids: tuple[int, ...], now: datetime) -> list[Decided]:
    """The newest decided requests of a year that were in the way of limits alone, not of a month's budget."""
    statement = (
        select(
            ExceptionRequest.over, ExceptionRequest.asked_at, ExceptionRequest.amount_minor, ExceptionDecision.at,
            ExceptionDecision.amount_minor.label("granted_minor"), Remedy.decision,
        )
        .join(ExceptionDecision, ExceptionDecision.exception_id == ExceptionRequest.id)
        .join(Remedy, Remedy.id == ExceptionRequest.remedy_id)
        .where(
            ExceptionRequest.ended_at > now - LOOKBACK,
            ExceptionRequest.ended_at <= now,
            ExceptionRequest.state.in_(("approved", "declined")),
            ExceptionRequest.site_id.in_(site_ids),
            Remedy.decision.is_not(None),
        )
        .order_by(ExceptionRequest.ended_at.desc(), ExceptionRequest.id.desc())
        .limit(REQUESTS_MAX)
    )  # fmt: skip
    return [one for row in db.session.execute(statement) if (one := _decided(row)) is not None]


def _decided(row: Any) -> Decided | None:
    asked = row.decision["asked"]
    currency = asked["amount"]["currency"]
    windows = [window for window in row.over if window["unit"] != _FOLLOWS]
    if not windows or asked["role"] is None or not all(_is_limit(window, currency) for window in windows):
        return None
    return Decided(
        kind=asked["kind"],
        category_id=asked["category_id"],
        role=asked["role"],
        currency=currency,
        needs=tuple(Need(window["unit"], window["days"], window["limit"] + window["over"]) for window in windows),
        granted_minor=row.granted_minor,
        asked_minor=row.amount_minor,
        waited_seconds=max(0, int((row.at - row.asked_at).total_seconds())),
        at=row.at,
    )


def _is_limit(window: Mapping[str, Any], currency: str) -> bool:
    is_amount = window.get("measure", "amount") == "amount"
    return is_amount and window["unit"] in LIMITS and window["currency"] == currency


@dataclass(frozen=True, slots=True)
class AcceptedRow:
    """A proposal that became a draft, and where that draft is now."""

    band: str
    limit_minor: int
    version_id: int
    number: int
    state: str
    accepted_at: datetime


def accepted() -> dict[str, AcceptedRow]:
    """The newest accepted proposal of each band."""
    statement = (
        select(
            LimitProposal.band, LimitProposal.limit_minor, LimitProposal.version_id, PolicyVersion.number,
            PolicyVersion.state, LimitProposal.accepted_at,
        )
        .join(PolicyVersion, PolicyVersion.id == LimitProposal.version_id)
        .order_by(LimitProposal.id)
    )  # fmt: skip
    return {row.band: AcceptedRow(*row) for row in db.session.execute(statement)}
