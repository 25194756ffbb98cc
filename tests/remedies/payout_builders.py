"""Payouts for tests: a settled remedy, connectors that lead to the stand-in, and days that pass."""

from dataclasses import replace
from datetime import datetime, timedelta

from flask import Flask

from app.kernel.database import db
from app.kernel.time import utc_now
from app.notifications.outbox_jobs import deliver_due
from app.notifications.outbox_models import OutboxAttempt
from app.remedies import actions as remedies
from app.remedies import payout_actions as payouts
from app.remedies import payout_route_actions as routes
from app.remedies.payout_models import Payout
from tests.cases.builders import make_case
from tests.people.builders import Company
from tests.remedies.builders import give
from tests.remedies.stand_in import API_KEY, HOOK_SECRET, RECEIVER_SECRET, StandIn


def connect(app: Flask, book: StandIn) -> None:
    """Let this application's connectors speak to the stand-in."""
    settings = app.extensions["makegood_settings"]
    app.extensions["makegood_settings"] = replace(
        settings,
        stripe_url=book.url,
        stripe_api_key=API_KEY,
        stripe_webhook_secrets=(HOOK_SECRET,),
        payout_webhook_url=f"{book.url}/pay",
        payout_webhook_secret=RECEIVER_SECRET,
        outgoing_private_hosts=(book.host,),
        outgoing_seconds=1,
    )


def route(company: Company, connector: str) -> None:
    routes.set_route(site_id=None, kind=None, connector=connector, actor=company.ada.actor, now=utc_now())


def settled(company: Company, minor: int = 12_000, *, case_id: int | None = None, payment: str | None = None) -> Payout:
    """Settle what Sam owes by contract, so that no purse runs dry, and name the payment where one is needed."""
    now = utc_now()
    case_id = case_id or make_case(company.ana).id
    remedy = give(company.sam, case_id, minor, nature="redress", now=now)
    remedies.accept(remedy_id=remedy.id, actor=company.ana.actor, now=now)
    payout = db.session.query(Payout).filter_by(remedy_id=remedy.id).one()
    if payment:
        payouts.name_payment(payout_id=payout.id, payment_ref=payment, actor=company.ana.actor, now=utc_now())
    return payout


def again(payout_id: int) -> Payout:
    """Read it anew."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Payout, payout_id)


def work(now: datetime | None = None, *, rounds: int = 1) -> datetime:
    """Let the outbox work, and hours pass between its rounds."""
    now = now or utc_now() + timedelta(seconds=1)
    for _ in range(rounds):
        deliver_due(now=now)
        now += timedelta(hours=2)
    return now


def tries() -> list[str]:
    db.session.expire_all()
    return [attempt.state for attempt in db.session.query(OutboxAttempt).order_by(OutboxAttempt.id)]
