"""Lets the outbox deliver notices by mail."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.notifications import outbox_channels
from app.notifications.mail_actions import CHANNEL
from app.notifications.mail_delivery import deliver


def register(app: Flask) -> None:
    if app.extensions["makegood_settings"].smtp_host:
        outbox_channels.register(app, CHANNEL, outbox_channels.Channel(deliver, _l("Mails")))
