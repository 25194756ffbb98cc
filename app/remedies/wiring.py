"""Joins the room to the outbox: payouts are delivered on its channel."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.notifications import outbox_channels
from app.remedies import payout_delivery, receipt_models
from app.remedies.payout_actions import CHANNEL

__all__ = ["receipt_models", "register"]


def register(app: Flask) -> None:
    outbox_channels.register(
        app, CHANNEL, outbox_channels.Channel(payout_delivery.deliver, _l("Payouts"), payout_delivery.give_up)
    )
