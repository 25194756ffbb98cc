"""Take somebody's data along: one JSON document and their files in a ZIP; that it was done is an entry."""

import io
import zipfile
from datetime import datetime

import orjson
from flask_babel import lazy_gettext as _l

from app.attachments.store import FILES
from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.errors import NotPermitted
from app.kernel.transactions import transaction
from app.messages.stores import ORIGINALS
from app.people.permissions import has, require
from app.privacy.export_queries import export, files
from app.privacy.subject_queries import Subject

EXPORTED = audit.declare(
    "privacy:export", "rows", "files", "bytes", sentence=_l("took all data of somebody along for them")
)
_STORES = {"files": FILES, "mails": ORIGINALS}


def take_along(*, subject: Subject, actor: Actor, now: datetime) -> bytes:
    """Return the ZIP. Whoever handles requests may, and everybody for themselves."""
    is_own = subject.kind == "employee" and actor.is_person and actor.id == subject.id
    if not is_own:
        require(actor, "privacy.handle")
    elif not has(actor, "profile.write"):
        raise NotPermitted
    said = export(subject, now=now)
    out, count = io.BytesIO(), 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("data.json", orjson.dumps(said, option=orjson.OPT_INDENT_2))
        for name, store, stored_as in files(subject):
            data = _STORES[store].get(stored_as)
            if data is not None:
                packed.writestr(name, data)
                count += 1
    made = out.getvalue()
    rows = sum(len(part["rows"]) for part in said["records"].values())
    with transaction():
        audit.record(EXPORTED, subject=subject.ref, actor=actor, at=now, rows=rows, files=count, bytes=len(made))
    return made
