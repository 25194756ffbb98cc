"""A signed message to a server of the company's own, which pays. It has to act once per Idempotency-Key."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from app.kernel import outgoing
from app.remedies.connectors.orders import Order, Paid, Refused, Unclear
from app.remedies.connectors.signing import sign

SIGNATURE = "Makegood-Signature"
_TRY_AGAIN = (401, 403, 404, 408, 409, 425, 429)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Any 2xx answer means paid; its JSON may name a `reference`. 400, 402, 410 and 422 are definite refusals."""

    url: str
    secret: str
    private_hosts: Sequence[str] = ()
    seconds: float = outgoing.SECONDS_MAX

    @property
    def missing(self) -> str:
        if not self.url:
            return "MAKEGOOD_PAYOUT_WEBHOOK_URL"
        return "" if self.secret else "MAKEGOOD_PAYOUT_WEBHOOK_SECRET"

    def pay(self, order: Order) -> Paid:
        body = orjson.dumps(
            {
                "payout": order.payout,
                "remedy": order.remedy,
                "case": order.case,
                "kind": order.kind,
                "amount": order.amount.json(),
                "key": order.key,
            },
            option=orjson.OPT_SORT_KEYS,
        )
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": order.key,
            SIGNATURE: sign(self.secret, body, order.now),
            "User-Agent": "Makegood",
        }
        try:
            answer = outgoing.send(
                "POST", self.url, headers=headers, body=body, private_hosts=self.private_hosts, seconds=self.seconds
            )
        except outgoing.NotReached as trouble:
            raise Unclear(f"not reached: {trouble}", acted=False) from trouble
        except outgoing.NoAnswer as trouble:
            raise Unclear(f"no answer: {trouble}", acted=True) from trouble
        return self._read(answer)

    def _read(self, answer: outgoing.Answer) -> Paid:
        if 200 <= answer.status < 300:
            return Paid(_reference(answer.body), "confirmed")
        if 400 <= answer.status < 500 and answer.status not in _TRY_AGAIN:
            raise Refused(f"the receiver refused it with status {answer.status}")
        # A redirect isn't followed; a 5xx may have come after the deed.
        raise Unclear(f"the receiver answered with status {answer.status}", acted=answer.status >= 500)


def _reference(body: bytes) -> str:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    reference = found.get("reference", "") if isinstance(found, dict) else ""
    return str(reference)[:200] if isinstance(reference, str | int) else ""
