"""Joins the room to people and files: a case keeps an owner when somebody leaves, and says who may read its files."""

from collections.abc import Sequence
from datetime import datetime

from flask import Flask
from sqlalchemy import select

from app.attachments import hooks as attachments
from app.attachments.models import Attachment
from app.cases.actions import add_event, hand_over
from app.cases.models import Case
from app.cases.queries import categories
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import NotFound
from app.kernel.references import ref
from app.people import hooks as people
from app.people import permissions
from app.policies import hooks as policies
from app.policies.known_rules import KnownCategory


def register(app: Flask) -> None:
    people.add(hand_over_cases)
    if known_categories not in policies.categories:
        policies.categories.append(known_categories)
    attachments.subjects["case"] = place_of
    if tell_of_files not in attachments.on_added:
        attachments.on_added.append(tell_of_files)


def place_of(case_id: int, actor: Actor, deed: attachments.Deed) -> attachments.Place:
    """A case's files are its readers'; whoever writes in it adds. A customer's page has checked its own link before."""
    row = db.session.execute(select(Case.site_id, Case.team_id).where(Case.id == case_id)).first()
    if row is None:
        raise NotFound
    permission = "cases.read" if deed == "read" else "cases.write"
    permissions.require(actor, permission, site_id=row.site_id, team_id=row.team_id)
    return attachments.Place(ref("case", case_id), row.site_id, case_id)


def tell_of_files(
    kind: str, subject_id: int, _place: attachments.Place, files: Sequence[Attachment], actor: Actor, now: datetime
) -> None:
    """Put the files that were added to a case on its timeline."""
    if kind == "case":
        said = {"count": len(files), "by": actor.kind}
        add_event(case_id=subject_id, kind="file", actor=actor, at=now, data=said)


def known_categories() -> tuple[KnownCategory, ...]:
    """The words that a policy's rules may name."""
    return tuple(KnownCategory(row.id, row.code, row.name, row.active) for row in categories())


def hand_over_cases(employee_id: int, actor: Actor, now: datetime) -> None:
    hand_over(employee_id=employee_id, actor=actor, now=now)
