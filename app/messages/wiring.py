"""Joins the room to the outbox, which delivers its mails, and to the files, which go out with them."""

from flask import Flask
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.attachments import hooks as attachments
from app.cases.models import Case
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import NotFound
from app.kernel.references import ref
from app.messages import letter_models, mail_models
from app.messages.mail_actions import CHANNEL
from app.messages.mail_delivery import deliver, give_up
from app.messages.models import Message
from app.notifications import outbox_channels
from app.people import permissions

__all__ = ["letter_models", "mail_models", "register"]


def register(app: Flask) -> None:
    attachments.subjects["message"] = place_of
    attachments.endpoints_with_files |= {"messages.send"}
    if app.extensions["makegood_settings"].smtp_host:
        outbox_channels.register(app, CHANNEL, outbox_channels.Channel(deliver, _l("Answers to customers"), give_up))


def place_of(message_id: int, actor: Actor, deed: attachments.Deed) -> attachments.Place:
    """Files of a message are read by who reads its case, and added by who writes in it."""
    statement = select(Case.id, Case.site_id, Case.team_id).join(Message, Message.case_id == Case.id)
    row = db.session.execute(statement.where(Message.id == message_id)).first()
    if row is None:
        raise NotFound
    permission = "cases.read" if deed == "read" else "cases.write"
    permissions.require(actor, permission, site_id=row.site_id, team_id=row.team_id)
    return attachments.Place(ref("message", message_id), row.site_id, row.id)
