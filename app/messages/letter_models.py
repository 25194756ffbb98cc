"""Letters: the words they are written from, in versions, and each one as it was sent."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk
from app.kernel.references import ref
from app.kernel.triggers import append_only

_WHOLE = (
    "length(trim(decision)) > 0 AND length(trim(reason)) > 0 AND length(trim(remedy)) > 0"
    " AND length(trim(next_step)) > 0 AND length(trim(disagree)) > 0"
)


class LetterText(Base):
    """One version of the words of a kind of letter in one language; never changed, the highest number holds."""

    __tablename__ = "letter_text"
    __table_args__ = (
        CheckConstraint("kind IN ('final','summary','holding','receipt')", name="kind"),
        CheckConstraint("number >= 1", name="number"),
        UniqueConstraint("kind", "language", "number"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    kind: Mapped[str] = mapped_column(String(8))
    language: Mapped[str] = mapped_column(String(12))
    number: Mapped[int] = mapped_column(BigId)
    subject: Mapped[str] = mapped_column(String(200))
    opening: Mapped[str] = mapped_column(Text)
    decision: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    remedy: Mapped[str] = mapped_column(Text)
    next_step: Mapped[str] = mapped_column(Text)
    disagree: Mapped[str] = mapped_column(Text)
    made_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Letter(Base):
    """A letter that was sent: its parts, and the PDF by its attachment and hash. A final response has every part.

    text_number: the version of the words that it began from; 0 for those that came with the product.
    """

    __tablename__ = "letter"
    __table_args__ = (
        CheckConstraint("kind IN ('final','summary','holding','receipt')", name="kind"),
        CheckConstraint(f"kind <> 'final' OR ({_WHOLE})", name="final"),
        CheckConstraint("length(sha256) = 64", name="sha256"),
        UniqueConstraint("message_id"),
        Index("ix_letter_case", "case_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    message_id: Mapped[int] = mapped_column(BigId, ForeignKey("message.id"))
    attachment_id: Mapped[int] = mapped_column(BigId, ForeignKey("attachment.id"))
    kind: Mapped[str] = mapped_column(String(8))
    language: Mapped[str] = mapped_column(String(12))
    text_number: Mapped[int] = mapped_column(BigId)
    subject: Mapped[str] = mapped_column(String(200))
    opening: Mapped[str] = mapped_column(Text)
    decision: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    remedy: Mapped[str] = mapped_column(Text)
    next_step: Mapped[str] = mapped_column(Text)
    disagree: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    sent_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    sent_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @property
    def ref(self) -> str:
        return ref("letter", self.id)


# A letter stays as it was sent. For who has to be forgotten, any of its words may become "[erased]", the whole part at
# once: UPDATE letter SET opening = '[erased]', … What is left says that a letter of this kind went out then, with the hash
# of its PDF. Any other change, and every deletion, is refused.
_KEPT = ("id", "case_id", "message_id", "attachment_id", "kind", "language", "text_number", "sha256", "sent_at")
_WORDS = ("subject", "opening", "decision", "reason", "remedy", "next_step", "disagree")
FORGOTTEN = " AND ".join(
    (
        *(f"NEW.{name} IN (OLD.{name}, '[erased]')" for name in _WORDS),
        *(f"NEW.{name} = OLD.{name}" for name in _KEPT),
        "coalesce(NEW.sent_by_id, 0) = coalesce(OLD.sent_by_id, 0)",
    )
)
append_only(LetterText.__table__)  # type: ignore[arg-type]
append_only(Letter.__table__, keys=("id", "message_id"), update_allowed_when=FORGOTTEN)  # type: ignore[arg-type]
