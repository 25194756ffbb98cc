"""Joins the room to the outbox: mails to customers are delivered on its channel."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.messages import mail_models
from app.messages.mail_actions import CHANNEL
from app.messages.mail_delivery import deliver, give_up
from app.notifications import outbox_channels

__all__ = ["mail_models", "register"]


def register(app: Flask) -> None:
    if app.extensions["makegood_settings"].smtp_host:
        outbox_channels.register(app, CHANNEL, outbox_channels.Channel(deliver, _l("Answers to customers"), give_up))
