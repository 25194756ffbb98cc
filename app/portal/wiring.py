"""Lets customers' forms bring photos, templates make a key for each form of a page, and mails reach customers."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.attachments import hooks as attachments
from app.notifications import outbox_channels
from app.portal.link_actions import CHANNEL
from app.portal.mail_delivery import deliver
from app.ui.forms import new_intent


def register(app: Flask) -> None:
    attachments.endpoints_with_files |= {"portal.write", "portal.send_report"}
    app.jinja_env.globals["new_intent"] = new_intent
    if app.extensions["makegood_settings"].smtp_host:
        outbox_channels.register(app, CHANNEL, outbox_channels.Channel(deliver, _l("Mails to customers")))
