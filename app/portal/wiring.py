"""Lets customers' forms bring photos, templates make a key for each form of a page, and mails reach customers, also who wrote one first."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.attachments import hooks as attachments
from app.messages import hooks as messages
from app.notifications import outbox_channels
from app.portal.acknowledge_actions import acknowledge
from app.portal.link_actions import CHANNEL
from app.portal.mail_delivery import deliver
from app.ui.forms import new_intent


def register(app: Flask) -> None:
    attachments.endpoints_with_files |= {"portal.write", "portal.send_report"}
    if acknowledge not in messages.on_opened:
        messages.on_opened.append(acknowledge)
    app.jinja_env.globals["new_intent"] = new_intent
    if app.extensions["makegood_settings"].smtp_host:
        outbox_channels.register(app, CHANNEL, outbox_channels.Channel(deliver, _l("Mails to customers")))
