"""Lets the outbox bring reports, where a mail server is set."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.insights.report_actions import CHANNEL
from app.insights.report_delivery import deliver
from app.notifications import outbox_channels


def register(app: Flask) -> None:
    if app.extensions["makegood_settings"].smtp_host:
        outbox_channels.register(app, CHANNEL, outbox_channels.Channel(deliver, _l("Reports")))
