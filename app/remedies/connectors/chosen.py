"""The connectors of this instance, as its settings describe them."""

from flask import current_app

from app.remedies.connectors.orders import Connector
from app.remedies.connectors.stripe import Stripe
from app.remedies.connectors.webhook import Webhook
from config import Settings


def connectors() -> dict[str, Connector]:
    """Every connector that pays by itself; "manual" is a task for a person and has none."""
    settings: Settings = current_app.extensions["makegood_settings"]
    private = settings.outgoing_private_hosts
    seconds = settings.outgoing_seconds
    return {
        "webhook": Webhook(settings.payout_webhook_url, settings.payout_webhook_secret, private, seconds),
        "stripe": Stripe(settings.stripe_api_key, settings.stripe_url, private, seconds),
    }
