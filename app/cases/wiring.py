"""Joins the room to customers, people and files: a case is found by its customer's new name, keeps an owner when somebody
leaves, and says who may read its files."""

from collections.abc import Sequence
from datetime import datetime

from flask import Flask
from sqlalchemy import select

from app.attachments import hooks as attachments
from app.attachments.models import Attachment
from app.cases.actions import add_event, hand_over, index_case
from app.cases.models import Case
from app.cases.queries import categories
from app.customers import hooks as customers
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import NotFound
from app.kernel.references import ref
from app.people import hooks as people
from app.people import permissions
from app.policies import hooks as policies
from app.policies.known_rules import KnownCategory

# A customer with more cases than this is a file's, not a person; the newest stay findable by the new name.
CASES_MAX = 500


def register(app: Flask) -> None:
    if index_cases_of not in customers.on_rename:
        customers.on_rename.append(index_cases_of)
    if index_merged not in customers.on_merge:
        customers.on_merge.append(index_merged)
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


def index_merged(merge: customers.Merge, _actor: Actor, _now: datetime) -> None:
    """A case is found by its own customer's name and by that of whom she counts as."""
    for customer_id in merge.numbers:
        index_cases_of(customer_id)


def hand_over_cases(employee_id: int, actor: Actor, now: datetime) -> None:
    hand_over(employee_id=employee_id, actor=actor, now=now)


def index_cases_of(customer_id: int) -> None:
    statement = select(Case).where(Case.customer_id == customer_id).order_by(Case.id.desc()).limit(CASES_MAX)
    for case in db.session.scalars(statement):
        index_case(case, new=False)
