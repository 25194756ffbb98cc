"""Refunds by Stripe: POST /v1/refunds with an Idempotency-Key, and what its signed webhooks tell afterwards.

Sources: Stripe's OpenAPI (github.com/stripe/openapi, latest/openapi.spec3.json, version 2026-09-30.endive, PostRefunds,
GetRefunds and GetRefundsRefund), docs.stripe.com/api/idempotent_requests (the first answer is kept under a key, also a 500; keys may be
pruned after 24 hours; a refused input keeps nothing), docs.stripe.com/currencies#special-cases.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from app.kernel import outgoing
from app.kernel.money import Money
from app.kernel.time import UTC
from app.remedies.connectors.orders import Order, Paid, Refused, Unclear

VERSION = "2026-09-30.endive"
LIST_MAX = 100
# Kept as two decimals although they have none today; ours are whole.
_TIMES_100 = ("ISK", "UGX")
# Ours count in hundredths or thousandths, Stripe's in whole units or tens.
_WHOLE = {"MGA": 100}
_TENS = ("BHD", "JOD", "KWD", "OMR", "TND")
_TRY_AGAIN = (401, 403, 409, 429)
EVENTS = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")


@dataclass(frozen=True, slots=True)
class Event:
    """What one of Stripe's messages says about a refund of ours."""

    event_ref: str
    key: str
    round: int
    refund_ref: str
    status: str
    at: int

    @property
    def told_at(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


@dataclass(frozen=True, slots=True)
class Stripe:
    """Pays by refunding the customer's own payment. The reference is pi_… (payment) or ch_…/py_… (charge)."""

    api_key: str
    base_url: str = "https://api.stripe.com"
    private_hosts: Sequence[str] = ()
    seconds: float = outgoing.SECONDS_MAX

    @property
    def missing(self) -> str:
        return "" if self.api_key else "MAKEGOOD_STRIPE_API_KEY"

    def pay(self, order: Order) -> Paid:
        """Refund once. A repeat looks first: after 24 hours Stripe may have forgotten the key, and would pay again."""
        assert order.payment_ref, "an order without a payment isn't sent"
        if order.is_repeat:
            known = self._made_before(order)
            if known is not None:
                self._check(known, order)
                return _paid(known)
        fields = {
            _payment_field(order.payment_ref): order.payment_ref,
            "amount": str(amount_of(order.amount)),
            "reason": "requested_by_customer",
            "metadata[makegood_payout]": order.key,
            "metadata[makegood_round]": str(order.round),
            "metadata[makegood_remedy]": order.remedy,
        }
        refund = self._ask("POST", "/v1/refunds", urlencode(fields).encode(), order.try_key)
        self._check(refund, order)
        return _paid(refund)

    def look(self, order: Order, reference: str) -> Paid:
        """Ask how a refund stands whose end was never told; raises Refused when it failed, Unclear without an answer."""
        refund = self._ask("GET", f"/v1/refunds/{quote(reference, safe='')}", None, None)
        if (refund.get("metadata") or {}).get("makegood_payout") != order.key:
            raise Unclear("the answer is about another refund", acted=False)
        self._check(refund, order)
        return _paid(refund)

    def _made_before(self, order: Order) -> dict[str, Any] | None:
        """Find this payout's own refund: of this round, or of an earlier one that lives."""
        assert order.payment_ref
        query = urlencode({_payment_field(order.payment_ref): order.payment_ref, "limit": LIST_MAX})
        found = self._ask("GET", f"/v1/refunds?{query}", None, None)
        if found.get("has_more"):
            raise Unclear("the payment has more refunds than can be looked through", acted=True)
        mine = [row for row in found.get("data", ()) if (row.get("metadata") or {}).get("makegood_payout") == order.key]
        alive = [row for row in mine if row.get("status") not in ("failed", "canceled")]
        of_round = [row for row in mine if row["metadata"].get("makegood_round") == str(order.round)]
        return next(iter([*alive, *of_round]), None)

    def _check(self, refund: dict[str, Any], order: Order) -> None:
        same = (
            refund.get("amount") == amount_of(order.amount) and refund.get("currency") == order.amount.currency.lower()
        )
        if not same:
            raise Unclear("the answer is about another amount", acted=True)

    def _ask(self, method: str, path: str, body: bytes | None, key: str | None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.api_key}", "Stripe-Version": VERSION, "User-Agent": "Makegood"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if key:
            headers["Idempotency-Key"] = key
        try:
            answer = outgoing.send(
                method, self.base_url + path, headers=headers, body=body, private_hosts=self.private_hosts,
                seconds=self.seconds,
            )  # fmt: skip
        except outgoing.NotReached as trouble:
            raise Unclear(f"not reached: {trouble}", acted=False) from trouble
        except outgoing.NoAnswer as trouble:
            raise Unclear(f"no answer: {trouble}", acted=method == "POST") from trouble
        return _read(answer, method)


def read_event(body: bytes) -> Event | None:
    """Read a message whose signature was checked; None when it isn't about one of our refunds."""
    try:
        event = orjson.loads(body)
        refund = event["data"]["object"]
        metadata = refund.get("metadata") or {}
        if event["type"] not in EVENTS or "makegood_payout" not in metadata:
            return None
        return Event(
            event_ref=str(event["id"])[:120],
            key=str(metadata["makegood_payout"]),
            round=int(metadata.get("makegood_round", 1)),
            refund_ref=str(refund["id"])[:120],
            status=str(refund["status"]),
            at=int(event["created"]),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None


def amount_of(money: Money) -> int:
    """Write an amount in Stripe's smallest unit; raises Refused where it has none for it.

    Worked values: 12.34 EUR is 1234, 500 JPY is 500, 500 ISK is 50000, 1.230 KWD is 1230.
    """
    if money.currency in _TIMES_100:
        return money.minor * 100
    step = _WHOLE.get(money.currency, 1)
    if money.minor % step or (money.currency in _TENS and money.minor % 10):
        raise Refused(f"Stripe can't refund this amount of {money.currency} to the last digit")
    return money.minor // step


def _payment_field(payment_ref: str) -> str:
    return "payment_intent" if payment_ref.startswith("pi_") else "charge"


_WORD = re.compile(r"[a-z][a-z_]{0,59}")  # a reason of Stripe's, and never a piece of what we sent


def _read(answer: outgoing.Answer, method: str) -> dict[str, Any]:
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        said = None
    if answer.status == 200 and isinstance(said, dict):
        return said
    error = said.get("error") if isinstance(said, dict) else None
    word = error.get("code") or error.get("type") if isinstance(error, dict) else None
    code = word if isinstance(word, str) and _WORD.fullmatch(word) else str(answer.status)
    is_post = method == "POST"
    is_definite = 400 <= answer.status < 500 and answer.status not in _TRY_AGAIN and code != "idempotency_error"
    if is_post and is_definite:
        raise Refused(f"Stripe refused it: {code}")
    may_have_acted = answer.status >= 500 or answer.status in (200, 400, 409)
    raise Unclear(f"Stripe answered: {code}", acted=is_post and may_have_acted)


def _paid(refund: dict[str, Any]) -> Paid:
    """Turn a refund into our words; one that failed or was cancelled is a definite refusal."""
    reference, status = str(refund.get("id", ""))[:200], refund.get("status")
    if status in ("failed", "canceled"):
        raise Refused(f"the refund {reference} {status}")
    return Paid(reference, "confirmed" if status == "succeeded" else "waiting")
