"""Payouts: how settled money reaches customers, with its tries and the last trouble."""

from collections.abc import Sequence
from typing import Any, cast

from app.api import schemas as taken
from app.api import schemas_out as given
from app.api.cursors import page_of, signed
from app.api.endpoints import Call, endpoint, identity
from app.kernel.errors import NotFound
from app.remedies import payout_queries as payouts
from app.remedies.payout_queries import PayoutRow
from app.remedies.payout_try_queries import keys_of, tries


@endpoint(
    "GET",
    "/payouts",
    "List payouts, the newest first",
    permission="payouts.read",
    answer=given.PayoutPage,
    query=taken.PayoutQuery,
)
def list_payouts(call: Call) -> given.PayoutPage:
    page = page_of("payouts", call.query.cursor, call.query.limit)
    case_id = identity("case", call.query.case) if call.query.case else None
    found = payouts.payouts_of(call.scope("payouts.read"), page, state=call.query.state, case_id=case_id)
    return given.PayoutPage(items=_answers(found.rows), next=signed("payouts", found.next_cursor))


@endpoint(
    "GET",
    "/payouts/{ref}",
    "Read a payout: its state, its tries and the last trouble",
    permission="payouts.read",
    answer=given.PayoutOut,
)
def show_payout(call: Call, ref: str) -> given.PayoutOut:
    row = payouts.find(identity("payout", ref), call.scope("payouts.read"))
    if row is None:
        raise NotFound
    return _answers((row,))[0]


def _answers(rows: Sequence[PayoutRow]) -> list[given.PayoutOut]:
    """Payouts with their tries, in four queries however many."""
    tried = tries(keys_of(row.id for row in rows))
    return [
        given.PayoutOut(
            ref=row.ref,
            remedy=row.remedy_ref,
            case=row.case_ref,
            state=cast(Any, row.state),
            unclear=row.is_unknown,
            by_hand=row.by_hand,
            connector=cast(Any, row.connector),
            kind=row.kind,
            amount=given.MoneyOut.minor(row.amount_minor, row.currency),
            round=row.round,
            attempts=tried[row.id].count,
            last_error=tried[row.id].last_error,
            last_error_at=tried[row.id].last_error_at,
            next_attempt_at=tried[row.id].next_at,
            looks=tried[row.id].looks,
            provider_ref=row.provider_ref,
            created_at=row.created_at,
            changed_at=row.changed_at,
        )
        for row in rows
    ]
