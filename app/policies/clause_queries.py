"""How a version's clauses are cared for: owners, review-by dates and signatures, in two queries however many."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select

from app.kernel.database import db
from app.people.models import Employee
from app.policies.clause_models import ClauseCare, ClauseSignOff
from app.policies.clause_rules import Care, Signature, clause_hash, codes_of, due_of
from app.policies.document_rules import Document

OWNING_ROLES = ("supervisor", "manager", "hr", "admin")


def cares_of(document: Document, today: date) -> Mapping[str, Care]:
    """Clause number → how it is cared for. A signature counts for every version whose clause says the same."""
    codes = codes_of(document)
    hashes = {clause_hash(document, code): code for code in codes}
    signed: dict[str, list[Signature]] = {}
    for row in db.session.execute(
        select(ClauseSignOff.content_hash, Employee.name, ClauseSignOff.side, ClauseSignOff.at, ClauseSignOff.note)
        .join(Employee, Employee.id == ClauseSignOff.employee_id)
        .where(ClauseSignOff.content_hash.in_(list(hashes)))
        .order_by(ClauseSignOff.id)
    ):
        signed.setdefault(hashes[row.content_hash], []).append(Signature(row.name, row.side, row.at, row.note))
    owned = {
        row.code: row
        for row in db.session.execute(
            select(ClauseCare.code, Employee.name, Employee.deactivated_at, ClauseCare.review_by)
            .outerjoin(Employee, Employee.id == ClauseCare.owner_id)
            .where(ClauseCare.code.in_(codes))
        )
    }
    found = {}
    for code in codes:
        care, signatures = owned.get(code), tuple(signed.get(code, ()))
        if care is None:
            found[code] = Care(None, False, None, "never", signatures)
        else:
            left = care.deactivated_at is not None
            found[code] = Care(care.name, left, care.review_by, due_of(care.review_by, today), signatures)
    return found


def care_row(code: str) -> ClauseCare | None:
    return db.session.get(ClauseCare, code)


def care_version(care: ClauseCare | None) -> int:
    """A number that changes with every change of a clause's care; 0 while nobody said anything."""
    return 0 if care is None else int(care.changed_at.timestamp() * 1_000_000)


def possible_owners() -> tuple[tuple[int, str], ...]:
    """Who may care for a clause, by name."""
    rows = db.session.execute(
        select(Employee.id, Employee.name)
        .where(Employee.role.in_(OWNING_ROLES), Employee.deactivated_at.is_(None))
        .order_by(Employee.name, Employee.id)
        .limit(500)
    )
    return tuple((row.id, row.name) for row in rows)


def has_signed(content_hash: str, employee_id: int | None) -> bool:
    statement = select(ClauseSignOff.id).where(
        ClauseSignOff.content_hash == content_hash, ClauseSignOff.employee_id == employee_id
    )
    return db.session.scalar(statement) is not None
