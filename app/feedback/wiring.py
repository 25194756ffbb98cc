"""Joins surveys to resolving, and lets the outbox send them."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.cases import hooks as cases
from app.feedback import actions
from app.feedback.delivery import deliver
from app.notifications import outbox_channels


def register(app: Flask) -> None:
    for hook in (actions.refuse_while_unhappy, actions.plan):
        if hook not in cases.before_resolve:
            cases.before_resolve.append(hook)
    if app.extensions["makegood_settings"].smtp_host:
        outbox_channels.register(app, actions.CHANNEL, outbox_channels.Channel(deliver, _l("Surveys")))
