"""The address under which a site writes to customers, and what becomes of mail that belongs to no case."""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.cases.place_checks import check_places
from app.customers.rules import EMAIL_MAX, is_email
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.messages.mail_models import Mailbox
from app.messages.mail_rules import one_line
from app.people.models import Site
from app.people.permissions import require

NAME_MAX = 120
CHANGED = audit.declare("mailbox:change", "before", "after", sentence=_l("changed a site's mailbox"))


def set_mailbox(
    *,
    site_id: int,
    address: str,
    name: str,
    category_id: int | None,
    severity: int,
    version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Say under which address a site writes. version: 0 for a site without a mailbox. Raises BadInput or Conflict."""
    require(actor, "mails.settings")
    address, name = address.strip().lower(), one_line(name, NAME_MAX)
    with transaction():
        if db.session.get(Site, site_id) is None:
            raise NotFound
        box = db.session.scalars(select(Mailbox).where(Mailbox.site_id == site_id).with_for_update()).one_or_none()
        if (box.version if box else 0) != version:
            raise Conflict
        _check(site_id, address, name, severity)
        check_places(site_id, None, None, category_id)
        before = _said(box)
        if box is None:
            box = Mailbox(site_id=site_id, version=0)
            db.session.add(box)
        box.address, box.name, box.category_id, box.severity = address, name, category_id, severity
        box.version += 1
        db.session.flush()
        said: dict[str, Any] = {"before": before, "after": _said(box)}
        audit.record(CHANGED, subject=ref("site", site_id), actor=actor, at=now, site_id=site_id, **said)


def _said(box: Mailbox | None) -> dict[str, Any]:
    if box is None:
        return {}
    return {"address": box.address, "name": box.name, "category": box.category_id, "severity": box.severity}


def _check(site_id: int, address: str, name: str, severity: int) -> None:
    errors: dict[str, list[str]] = {}
    if not is_email(address) or len(address) > EMAIL_MAX - 50 or not address.isascii():
        errors["address"] = [_("This is not an e-mail address.")]
    elif "+" in address.partition("@")[0]:
        errors["address"] = [_("Give the address without a +; answers come back to it with one.")]
    elif db.session.scalar(select(Mailbox.id).where(Mailbox.address == address, Mailbox.site_id != site_id)):
        errors["address"] = [_("Another site writes under this address.")]
    if not name:
        errors["name"] = [_("Say under which name the site writes.")]
    if severity not in range(5):
        errors["severity"] = [_("Choose how bad it is, from 0 to 4.")]
    if errors:
        raise BadInput(errors)
