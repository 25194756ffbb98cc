"""Joins the inbox to lower rooms: whoever's certificate ends is told, and so is whoever leads them."""

from datetime import datetime

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.kernel.references import ref
from app.kernel.time import iso
from app.notifications.actions import notify
from app.notifications.rules import declare
from app.people import certificate_actions as certificates
from app.people import queries as people
from app.people.certificate_actions import Ending

LINES = {
    "soon": declare(
        "certificate:soon", _l("%(person)s: the certificate %(name)s ends on %(day)s; then its authority ends too.")
    ),
    "ended": declare(
        "certificate:ended",
        _l("%(person)s: the certificate %(name)s has ended, and so has the authority that it gave."),
    ),
    "revoked": declare(
        "certificate:revoked", _l("%(person)s: the certificate %(name)s was revoked, and so was the authority it gave.")
    ),
}


def register(app: Flask) -> None:
    if tell not in certificates.on_ending:
        certificates.on_ending.append(tell)


def tell(ending: Ending, now: datetime) -> None:
    """Put a line into the inboxes of the person and of the nearest one who leads."""
    leads = [lead for lead in people.supervisors_for(ending.site_id, ending.team_id) if lead != ending.employee_id]
    notify(
        employee_ids=[ending.employee_id, *leads[:1]], kind="certificate", subject=ref("employee", ending.employee_id),
        url="/me", text_key=LINES[ending.what],
        params={"person": ending.employee, "name": ending.name, "day": iso(ending.at)[:10]}, at=now,
    )  # fmt: skip
