"""Whatever we sign in to elsewhere: a refusal, even one that repeats our secret, and a closed door put no secret in a line."""

import base64
import io
import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from email.message import EmailMessage
from urllib.parse import quote

import pytest
from flask import Flask

from app.kernel.money import Money
from app.kernel.time import utc_now
from app.messages import jobs
from app.notifications.mail_delivery import send
from app.notifications.outbox_rules import Message
from app.people.sso_provider import Provider
from app.remedies.connectors.chosen import connectors
from app.remedies.connectors.orders import Order
from tests.ops.parrots import parrot
from tests.ops.test_logs import heard, lines

__all__ = ["heard"]
SMTP, IMAP = "smtp-Pq7!zx rt4", "imap-Vb8:nc1Wd"
STRIPE, HOOK, OIDC = "stripe_key_of_a_test_9", "hook secret of a test 8", "oidc secret of a test 7"


def ways_out(app: Flask, ports: dict[str, int]) -> dict[str, Callable[[], object]]:
    """Every way on which a secret of the settings leaves, towards these ports."""
    http = f"http://127.0.0.1:{ports['http']}"
    settings = replace(
        app.extensions["makegood_settings"],
        smtp_host="127.0.0.1", smtp_port=ports["smtp"], smtp_user="desk", smtp_password=SMTP, smtp_starttls=False,
        imap_url=f"imap://desk:{quote(IMAP)}@127.0.0.1:{ports['imap']}",
        stripe_url=http, stripe_api_key=STRIPE, payout_webhook_url=http, payout_webhook_secret=HOOK,
        oidc_issuer=http, oidc_client_id="makegood", oidc_client_secret=OIDC,
        outgoing_private_hosts=(f"127.0.0.1:{ports['http']}",),
    )  # fmt: skip
    app.extensions["makegood_settings"] = settings
    now, mail = utc_now(), EmailMessage()
    mail["From"], mail["To"] = "desk@makegood.example", "cleo@makegood.example"
    order = Order("PO-1", "RM-1", "MG-1", "refund", Money(100, "EUR"), "key-1", 1, "pi_1", False, now)
    paying = connectors()
    return {
        "smtp": lambda: send(mail, settings, Message(1, "mail", "k", {}, now, 1, 1), now),
        "imap": lambda: jobs.poll(now=now),
        "stripe": lambda: paying["stripe"].pay(order),
        "webhook": lambda: paying["webhook"].pay(order),
        "oidc": lambda: Provider(settings).claims(code="c-1", redirect_uri="http://127.0.0.1/x", verifier="v" * 43),
    }


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("answers", [True, False])
def test_no_failure_of_a_way_out_says_its_secret(app: Flask, heard: io.StringIO, answers: bool) -> None:
    with ExitStack() as open_ones:
        ports = {kind: open_ones.enter_context(parrot(kind)) for kind in ("http", "smtp", "imap")}
        if not answers:
            open_ones.close()
        failures = []
        for way, goes in ways_out(app, ports).items():
            with pytest.raises(Exception) as failure:
                goes()
            failures.append(str(failure.value))
            logging.getLogger("makegood.test").error("%s failed", way, exc_info=failure.value)
    said = heard.getvalue()
    assert len([line for line in lines(heard) if line.get("failure")]) >= len(failures) == 5
    for secret in (SMTP, IMAP, STRIPE, HOOK, OIDC):
        forms = (secret, quote(secret), base64.b64encode(secret.encode()).decode().rstrip("="))
        assert not any(form in text for form in forms for text in (said, *failures)), failures
    for pair in (f"\0desk\0{SMTP}", f"makegood:{OIDC}"):
        assert base64.b64encode(pair.encode()).decode()[:-4] not in said
    assert (answers, "mail server answered 535" in failures[0]) in ((True, True), (False, False)), failures
