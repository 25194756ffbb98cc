"""Writing templates of mails: each change of the words is a new version, and the old ones stay as they were."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.audit import actions as audit
from app.cases.rules import TEXT_MAX
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.messages.mail_models import MailTemplate, MailTemplateText
from app.messages.mail_rules import SUBJECT_MAX, one_line
from app.messages.template_rules import unknown_places
from app.people.permissions import require

NAME_MAX = 120
LANGUAGES = ("en", "de")
WRITTEN = audit.declare(
    "template:write", "name", "active", "languages", "numbers", sentence=_l("wrote a template of mails")
)


@dataclass(frozen=True, slots=True)
class Words:
    """A template's words in one language."""

    language: str
    subject: str
    body: str


def write(
    *, template_id: int | None, name: str, active: bool, words: list[Words], version: int, actor: Actor, now: datetime
) -> int:
    """Write a template and return its id; a language whose words changed gets a new version. None: a new template.

    Raises BadInput naming the field (name, subject_en, body_de …), and Conflict when it was changed elsewhere.
    """
    require(actor, "mails.settings")
    name = one_line(name, 200)
    with transaction():
        row = db.session.get(MailTemplate, template_id, with_for_update=True) if template_id else None
        if template_id and row is None:
            raise NotFound
        if row is not None and row.version != version:
            raise Conflict
        _check(template_id, name, words)
        if row is None:
            row = MailTemplate(name=name, active=active, version=0)
            db.session.add(row)
            db.session.flush()
        row.name, row.active = name, active
        row.version += 1
        numbers = {one.language: _add(row.id, one, actor, now) for one in words if one.body.strip()}
        said: dict[str, Any] = {"name": name, "active": active, "languages": sorted(numbers), "numbers": numbers}
        audit.record(WRITTEN, subject=ref("mail_template", row.id), actor=actor, at=now, **said)
        return row.id


def _add(template_id: int, words: Words, actor: Actor, now: datetime) -> int:
    """Add a version, unless the newest one says the same already; returns its number."""
    newest = db.session.scalars(
        select(MailTemplateText)
        .where(MailTemplateText.template_id == template_id, MailTemplateText.language == words.language)
        .order_by(MailTemplateText.number.desc())
        .limit(1)
    ).one_or_none()
    subject = one_line(words.subject, SUBJECT_MAX)
    if newest is not None and (newest.subject, newest.body) == (subject, words.body):
        return newest.number
    number = newest.number + 1 if newest else 1
    db.session.add(
        MailTemplateText(
            template_id=template_id, language=words.language, number=number, subject=subject, body=words.body,
            made_by_id=actor.id, made_at=now,
        )
    )  # fmt: skip
    return number


def _check(template_id: int | None, name: str, words: list[Words]) -> None:
    errors: dict[str, list[str]] = {}
    if not name or len(name) > NAME_MAX:
        errors["name"] = [_("Give it a name of at most %(count)d characters.", count=NAME_MAX)]
    other = select(func.count()).where(MailTemplate.name == name, MailTemplate.id != (template_id or 0))
    if db.session.scalar(other):
        errors["name"] = [_("Another template has this name.")]
    if not any(one.body.strip() for one in words):
        errors["body_en"] = [_("Write it in one language at least.")]
    for one in words:
        for field, text in (("subject", one.subject), ("body", one.body)):
            if unknown := unknown_places([text]):
                errors[f"{field}_{one.language}"] = [
                    _(
                        "Nothing can be filled in for: %(places)s.",
                        places=", ".join("{{" + place + "}}" for place in unknown),
                    )
                ]
        if len(one.body) > TEXT_MAX:
            errors[f"body_{one.language}"] = [_("Keep this to %(count)d characters.", count=TEXT_MAX)]
        if one.subject.strip() and not one.body.strip():
            errors[f"body_{one.language}"] = [_("Write the text as well.")]
    if errors:
        raise BadInput(errors)
