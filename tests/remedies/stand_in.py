"""A server that stands in for Stripe and for a company's own receiver. It checks every request, pays once per key, and
fails as it is told: before acting, after acting, or without an answer."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app.remedies.connectors.signing import sign, verify
from tests.remedies import stripe_spec
from tests.remedies.stripe_spec import SPEC

API_KEY, HOOK_SECRET, RECEIVER_SECRET = "sk_test_0123456789abcdef", "whsec_0123456789abcdef", "receiver-secret-0123"
# Faults by name: what is done before the answer, and the answer. None: the line goes dead.
FAULTS: dict[str, tuple[bool, int | None]] = {
    "dead_before": (False, None),
    "dead_after": (True, None),
    "500_before": (False, 500),
    "500_after": (True, 500),
    "429": (False, 429),
    "refused": (False, 400),
}


@dataclass
class StandIn:
    """What the provider knows. `broken` collects requests that its description doesn't allow."""

    url: str = ""
    faults: list[str] = field(default_factory=list)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    kept: dict[str, tuple[str, int, dict[str, Any]]] = field(default_factory=dict)
    paid: dict[str, dict[str, Any]] = field(default_factory=dict)  # the receiver's own book, by key
    broken: list[str] = field(default_factory=list)
    requests: int = 0
    looks: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)
    next_status: str = "pending"
    currency: str = "gbp"
    hang_seconds: float = 0.0

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def alive(self, key: str) -> list[dict[str, Any]]:
        """The refunds of a payout by which money has moved or will."""
        mine = [one for one in self.refunds if one["metadata"]["makegood_payout"] == key]
        return [one for one in mine if one["status"] not in ("failed", "canceled")]

    def message(self, refund: dict[str, Any], status: str, number: int, now: datetime) -> tuple[bytes, dict[str, str]]:
        """One of Stripe's signed messages about a refund."""
        told = {**refund, "status": status}
        event = {
            "id": f"evt_{refund['id']}_{number}", "object": "event", "type": "refund.updated", "livemode": False,
            "created": int(now.timestamp()), "data": {"object": told}, "pending_webhooks": 1,
            "api_version": "2026-09-30.endive",
        }  # fmt: skip
        self.broken += stripe_spec.event_errors(event)
        body = json.dumps(event).encode()
        return body, {"Stripe-Signature": sign(HOOK_SECRET, body, now), "Content-Type": "application/json"}

    # What a request gets: (status, body), or None for a dead line.
    def refund(self, key: str, fields: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        shape = json.dumps(fields, sort_keys=True)
        if key in self.kept:
            before, status, body = self.kept[key]
            if before != shape:
                return 400, {"error": {"type": "idempotency_error"}}
            return status, body
        acts, answer = FAULTS.get(self.faults.pop(0), (True, 200)) if self.faults else (True, 200)
        made = self._make(fields) if acts else {}
        body = made if answer in (200, None) else {"error": {"type": "api_error", "code": f"fault_{answer}"}}
        if acts or answer == 500:
            self.kept[key] = (shape, 200 if answer is None else answer, made if answer is None else body)
        return None if answer is None else (answer, body)

    def _make(self, fields: dict[str, Any]) -> dict[str, Any]:
        made = {
            "id": f"re_{len(self.refunds) + 1:06d}",
            "object": "refund",
            "amount": int(fields["amount"]),
            "currency": self.currency,
            "charge": fields.get("charge"),
            "payment_intent": fields.get("payment_intent"),
            "created": int(time.time()),
            "metadata": {name[9:-1]: value for name, value in fields.items() if name.startswith("metadata[")},
            "reason": fields.get("reason"),
            "status": self.next_status,
        }
        self.refunds.append(made)
        return made

    def listed(self, fields: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        mine = [
            one
            for one in self.refunds
            if all(one[name] == fields[name] for name in ("charge", "payment_intent") if name in fields)
        ]
        return 200, {"object": "list", "data": list(reversed(mine)), "has_more": False, "url": "/v1/refunds"}

    def receive(self, key: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        acts, answer = FAULTS.get(self.faults.pop(0), (True, 200)) if self.faults else (True, 200)
        if acts:
            self.paid.setdefault(key, {"reference": f"BANK-{len(self.paid) + 1}", "amount": body["amount"]})
        if answer is None:
            return None
        return answer, {"reference": self.paid[key]["reference"]} if answer == 200 else {}

    def one(self, refund_id: str) -> tuple[int, dict[str, Any]] | None:
        """Look at one refund; a fault keeps the answer back, since a look acts on nothing."""
        self.looks += 1
        answer = FAULTS.get(self.faults.pop(0), (True, 200))[1] if self.faults else 200
        if answer != 200:
            return None if answer is None else (answer, {"error": {"type": "api_error", "code": f"fault_{answer}"}})
        found = [refund for refund in self.refunds if refund["id"] == refund_id]
        missing = {"error": {"type": "invalid_request_error", "code": "resource_missing"}}
        return (200, found[0]) if found else (404, missing)

    def answered(self, operation: str, answer: tuple[int, dict[str, Any]] | None) -> None:
        """Compare what is answered with the published description."""
        if answer is not None and answer[0] == 200:
            self.broken += stripe_spec.answer_errors(operation, answer[1])


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        fields = dict(parse_qsl(where.query))
        book = self.server.book
        with book.lock:
            book.requests += 1
            operation = self._operation("GET", where.path, fields)
            name = where.path.rpartition("/")[2]
            answer = book.one(name) if operation == "GetRefundsRefund" else book.listed(fields)
            book.answered(operation, answer)
            self._answer(answer)

    def do_POST(self) -> None:
        book, body = self.server.book, self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Idempotency-Key"] or ""
        with book.lock:
            book.requests += 1
            if self.path == "/pay":
                verify(self.headers["Makegood-Signature"], [RECEIVER_SECRET], body, datetime.now(UTC), tolerance=10**9)
                answer = book.receive(key, json.loads(body))
            else:
                fields = dict(parse_qsl(body.decode()))
                operation = self._operation("POST", self.path, fields)
                wanted = SPEC["operations"][operation]["content_type"]
                if self.headers["Content-Type"] != wanted or not 0 < len(key) <= 255:
                    book.broken.append(f"{operation}: headers")
                answer = book.refund(key, fields)
                book.answered(operation, answer)
        if book.hang_seconds:
            time.sleep(book.hang_seconds)
        self._answer(answer)

    def _operation(self, method: str, path: str, fields: dict[str, str]) -> str:
        """Check the key, the address and the fields; returns the operation's name."""
        book, operation = self.server.book, stripe_spec.operation_of(method, path)
        if self.headers["Authorization"] != f"Bearer {API_KEY}" or operation is None:
            book.broken.append(f"{method} {path}: not authorised or not known")
        book.broken += stripe_spec.request_errors(operation, fields) if operation else []
        return operation or "GetRefunds"

    def _answer(self, answer: tuple[int, dict[str, Any]] | None) -> None:
        if answer is None:
            self.close_connection = True
            return
        body = json.dumps(answer[1]).encode()
        self.send_response(answer[0])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, *_args: object) -> None:
        return


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    book: StandIn

    def handle_error(self, *_args: object) -> None:
        return


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """Run the server on a free port of this machine."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.book = StandIn(url=f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server.book
        finally:
            server.shutdown()
