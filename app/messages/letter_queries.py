"""Reading letters: the words they begin from, and those that were sent about a case."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.attachments.models import Attachment
from app.kernel.database import db
from app.kernel.references import ref
from app.messages.letter_models import Letter, LetterText
from app.messages.letter_rules import KINDS, NAMES, Words
from app.messages.letter_words import BUILT_IN
from app.messages.mail_models import MailOut
from app.people.models import Employee

LANGUAGES = ("en", "de")


@dataclass(frozen=True, slots=True)
class TextRow:
    """One version of the words of a kind in a language. number 0: those that came with the product."""

    kind: str
    language: str
    number: int
    words: Words
    made_by: str | None = None
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter as it was sent. file: of its PDF. to: the address it was mailed to."""

    id: int
    kind: str
    subject: str
    language: str
    text_number: int
    sha256: str
    sent_at: datetime
    sent_by: str | None
    file_id: int
    to: str | None

    @property
    def ref(self) -> str:
        return ref("letter", self.id)

    @property
    def file(self) -> str:
        return ref("attachment", self.file_id)


_LETTER: Any = (
    Letter.id, Letter.kind, Letter.subject, Letter.language, Letter.text_number, Letter.sha256, Letter.sent_at,
    Employee.name, Letter.attachment_id, MailOut.to_address,
)  # fmt: skip


def versions(kind: str, language: str) -> tuple[TextRow, ...]:
    """All versions of a kind's words in one language, newest first, at most 100; last what came with the product."""
    rows = db.session.execute(
        select(LetterText, Employee.name)
        .outerjoin(Employee, Employee.id == LetterText.made_by_id)
        .where(LetterText.kind == kind, LetterText.language == language)
        .order_by(LetterText.number.desc())
        .limit(100)
    )
    own = (TextRow(kind, language, row.number, _words(row), who, row.made_at) for row, who in rows)
    return (*own, TextRow(kind, language, 0, BUILT_IN[(kind, language)]))


def newest(kind: str, language: str | None) -> TextRow:
    """The words that a letter begins from; a language that we don't write gets the first that we do."""
    short = (language or "").replace("_", "-").split("-")[0]
    return versions(kind, short if short in LANGUAGES else LANGUAGES[0])[0]


def overview() -> dict[tuple[str, str], tuple[int, datetime | None]]:
    """The number and instant of the newest words of each kind and language."""
    found: dict[tuple[str, str], tuple[int, datetime | None]] = {
        (kind, language): (0, None) for kind in KINDS for language in LANGUAGES
    }
    rows = select(LetterText.kind, LetterText.language, LetterText.number, LetterText.made_at).order_by(
        LetterText.number
    )
    found.update({(row.kind, row.language): (row.number, row.made_at) for row in db.session.execute(rows)})
    return found


def letters_of(case_id: int) -> tuple[LetterRow, ...]:
    """The letters about a case, newest first, at most 100; its reader's scope was checked with the case."""
    rows = db.session.execute(
        select(*_LETTER)
        .outerjoin(Employee, Employee.id == Letter.sent_by_id)
        .outerjoin(MailOut, MailOut.message_id == Letter.message_id)
        .where(Letter.case_id == case_id)
        .order_by(Letter.id.desc())
        .limit(100)
    )
    return tuple(LetterRow(*row) for row in rows)


def _words(row: LetterText) -> Words:
    return Words(**{name: getattr(row, name) for name in NAMES})


def file_of(message_id: int) -> int:
    """The attachment that goes with a letter's message."""
    found = select(Attachment.id).where(Attachment.subject_kind == "message", Attachment.subject_id == message_id)
    return db.session.execute(found).scalar_one()
