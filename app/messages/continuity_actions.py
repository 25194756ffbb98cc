"""The continuity note: what the next colleague should know, so that the customer need not say it again."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from app.audit import actions as audit
from app.cases import dialogue_actions as dialogue
from app.cases.rules import TEXT_MAX
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict
from app.kernel.transactions import transaction
from app.messages.mail_models import ContinuityNote

NOTED = audit.declare("continuity:note", "length", sentence=_l("wrote down what the customer need not say again"))


def note(*, case_id: int, text: str, version: int, actor: Actor, now: datetime) -> None:
    """Write the note of a case anew, as it was read at `version` (0: there was none). Raises Conflict or BadInput."""
    text = text.strip()
    if len(text) > TEXT_MAX:
        raise BadInput({"text": [str(_l("Keep this to %(count)d characters.", count=TEXT_MAX))]})
    with transaction():
        case = dialogue.locked(case_id, actor)
        row = db.session.get(ContinuityNote, case_id, with_for_update=True)
        if (row.version if row else 0) != version:
            raise Conflict
        if row is None:
            row = ContinuityNote(case_id=case_id, version=0)
            db.session.add(row)
        row.text, row.by_id, row.at = text, actor.id, now
        row.version += 1
        db.session.flush()
        said = {"length": len(text)}
        audit.record(NOTED, subject=case.ref, actor=actor, at=now, case_id=case.id, site_id=case.site_id, **said)
