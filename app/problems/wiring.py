"""Lets the outbox send notes of fixed causes, and whoever leaves hand theirs over."""

from datetime import datetime

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.kernel.actor import Actor
from app.notifications import outbox_channels
from app.people import hooks as people
from app.problems import actions
from app.problems.delivery import deliver, give_up
from app.problems.telling_actions import CHANNEL


def register(app: Flask) -> None:
    people.add(hand_over_causes)
    if app.extensions["makegood_settings"].smtp_host:
        channel = outbox_channels.Channel(deliver, _l("Notes of fixed causes"), give_up)
        outbox_channels.register(app, CHANNEL, channel)


def hand_over_causes(employee_id: int, actor: Actor, now: datetime) -> None:
    actions.hand_over(employee_id=employee_id, actor=actor, now=now)
