"""Reading templates of mails, their versions, and what a case has to fill them with."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.kernel.database import db
from app.messages.mail_models import MailTemplate, MailTemplateText
from app.people.models import Employee


@dataclass(frozen=True, slots=True)
class TextRow:
    """One version of the words in one language."""

    language: str
    number: int
    subject: str
    body: str
    made_by: str | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A template with the newest words of each language."""

    id: int
    name: str
    active: bool
    version: int
    texts: tuple[TextRow, ...]

    def text_in(self, languages: Iterable[str]) -> TextRow | None:
        """The words in the first of these languages that there are, else in any."""
        by_language = {one.language: one for one in self.texts}
        wanted = (by_language.get(language.replace("_", "-").split("-")[0]) for language in languages)
        return next((one for one in wanted if one), self.texts[0] if self.texts else None)


def templates(*, active_only: bool = False) -> tuple[TemplateRow, ...]:
    """Every template by name, with its newest words, in two queries."""
    found = select(MailTemplate).order_by(MailTemplate.name, MailTemplate.id)
    if active_only:
        found = found.where(MailTemplate.active.is_(True))
    rows = db.session.scalars(found).all()
    newest = (
        select(
            MailTemplateText.template_id, MailTemplateText.language, func.max(MailTemplateText.number).label("number")
        )
        .group_by(MailTemplateText.template_id, MailTemplateText.language)
        .subquery()
    )
    texts = db.session.execute(
        select(MailTemplateText, Employee.name)
        .join(
            newest,
            (newest.c.template_id == MailTemplateText.template_id)
            & (newest.c.language == MailTemplateText.language)
            & (newest.c.number == MailTemplateText.number),
        )
        .outerjoin(Employee, Employee.id == MailTemplateText.made_by_id)
        .order_by(MailTemplateText.template_id, MailTemplateText.language.desc())
    ).all()
    return tuple(
        TemplateRow(
            row.id, row.name, row.active, row.version,
            tuple(_row(text, who) for text, who in texts if text.template_id == row.id),
        )
        for row in rows
    )  # fmt: skip


def template(template_id: int) -> TemplateRow | None:
    return next((one for one in templates() if one.id == template_id), None)


def versions(template_id: int) -> tuple[TextRow, ...]:
    """All versions of a template's words, newest first, at most 100."""
    rows = db.session.execute(
        select(MailTemplateText, Employee.name)
        .outerjoin(Employee, Employee.id == MailTemplateText.made_by_id)
        .where(MailTemplateText.template_id == template_id)
        .order_by(MailTemplateText.id.desc())
        .limit(100)
    )
    return tuple(_row(text, who) for text, who in rows)


def _row(text: MailTemplateText, who: str | None) -> TextRow:
    return TextRow(text.language, text.number, text.subject, text.body, who, text.made_at)
