"""Care for a clause, and sign it."""

from datetime import date, datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, NotPermitted, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.kernel.turns import one_at_a_time
from app.people import permissions
from app.people.models import Employee
from app.policies import clause_queries, document_queries
from app.policies.clause_models import ClauseCare, ClauseSignOff
from app.policies.clause_rules import clause_hash, codes_of, side_of

NOTE_MAX = 500
CARED = audit.declare("clause:care", "code", "owner", "review_by", sentence=_l("said who cares for a clause"))
SIGNED = audit.declare("clause:sign", "code", "number", "content", "side", "note", sentence=_l("signed a clause"))


class SignedAlready(Refusal):
    """Once is enough for a clause that says the same."""

    code = "signed-already"
    sentence = _l("You have signed this clause as it stands.")


def set_care(
    *, code: str, owner_id: int | None, review_by: date | None, actor: Actor, now: datetime, version: int | None = None
) -> ClauseCare:
    """Say who owns a clause and by which day it is reviewed; the number keeps both through all versions.

    version: of what was shown, `care_version`; raises Conflict when somebody was faster. None: whatever it is.
    """
    permissions.require(actor, "policies.write")
    with transaction():
        if owner_id is not None and owner_id not in dict(clause_queries.possible_owners()):
            raise BadInput({"owner": [str(_l("Choose somebody who leads, from the list."))]})
        one_at_a_time("clause-care", code)  # of two who say it first, the second finds the first one's row
        care = clause_queries.care_row(code)
        if version is not None and clause_queries.care_version(care) != version:
            raise Conflict
        if care is None:
            care = ClauseCare(code=code)
            db.session.add(care)
        care.owner_id, care.review_by, care.changed_at, care.changed_by = owner_id, review_by, now, actor.label
        db.session.flush()
        audit.record(
            CARED, subject=f"clause:{code}", actor=actor, at=now, code=code,
            owner=ref("employee", owner_id) if owner_id else None, review_by=review_by.isoformat() if review_by else None,
        )  # fmt: skip
        return care


def sign_off(*, version_id: int, code: str, actor: Actor, now: datetime, note: str = "") -> None:
    """Sign a clause as this version has it, as one who works under it; the note is what else there is to say.

    A draft can be signed from when its review was asked for, so that what people say is read before it is published.
    """
    permissions.require(actor, "policies.follow")
    side = side_of(actor.role)
    if side is None or actor.id is None:
        raise NotPermitted
    if len(note.strip()) > NOTE_MAX:
        raise BadInput({"note": [str(_l("Keep it under %(count)d characters.", count=NOTE_MAX))]})
    with transaction():
        row = document_queries.document(version_id)
        if row is None or row.stage not in document_queries.READ_BY_ALL or code not in codes_of(row.document):
            raise NotFound
        # One signature at a time of one person: the second finds the first.
        db.session.get(Employee, actor.id, with_for_update=True)
        content = clause_hash(row.document, code)
        if clause_queries.has_signed(content, actor.id):
            raise SignedAlready
        db.session.execute(
            insert(ClauseSignOff).values(
                version_id=version_id, code=code, content_hash=content, employee_id=actor.id, side=side,
                note=note.strip(), mark=f"{content}:{actor.id}", at=now,
            )
        )  # fmt: skip
        audit.record(
            SIGNED, subject=row.ref, actor=actor, at=now, code=code, number=row.number, content=content, side=side,
            note=note.strip(),
        )  # fmt: skip
