"""Mail beside the dialogue: a site's mailbox, what went out, what came in, templates and drafts."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk

UNSORTED = text("kind = 'unsorted' AND sorted_at IS NULL")


class Mailbox(Base):
    """The address under which one site writes and is written to.

    category_id: what a case is filed under that a mail of an unknown matter opens by itself; None: such mail waits for
    somebody who sorts it.
    """

    __tablename__ = "mailbox"
    __table_args__ = (
        CheckConstraint("severity BETWEEN 0 AND 4", name="severity"),
        UniqueConstraint("site_id"),
        UniqueConstraint("address"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    site_id: Mapped[int] = mapped_column(BigId, ForeignKey("site.id"))
    address: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(120))
    category_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("category.id"))
    severity: Mapped[int] = mapped_column(BigId)
    version: Mapped[int] = mapped_column(BigId)


class MailOut(Base):
    """The mail that carries one message to the customer: whereto, under which id, and what became of it."""

    __tablename__ = "mail_out"
    __table_args__ = (
        UniqueConstraint("rfc_id"),
        Index("ix_mail_out_case", "case_id", "message_id"),
        Index("ix_mail_out_recipient", "to_address", "queued_at"),
    )

    message_id: Mapped[int] = mapped_column(BigId, ForeignKey("message.id"), primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    from_address: Mapped[str] = mapped_column(String(254))
    from_name: Mapped[str] = mapped_column(String(120))
    to_address: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(12))
    rfc_id: Mapped[str] = mapped_column(String(400))
    answers: Mapped[str | None] = mapped_column(Text)
    refs: Mapped[str | None] = mapped_column(Text)
    queued_at: Mapped[datetime] = mapped_column(UTCDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    bounced_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reason: Mapped[str | None] = mapped_column(String(300))


class MailIn(Base):
    """A mail that came, once: `rfc_key` is the hash of its Message-ID, or of its content when it has none.

    kind: customer (her word), stranger (on a case, from an address that isn't hers), opened (a new case), auto, loop,
    bounce, delay, or unsorted (somebody has to say where it belongs). stored_as: the name of the original's file.
    """

    __tablename__ = "mail_in"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('customer','stranger','opened','auto','loop','bounce','delay','unsorted')", name="kind"
        ),
        CheckConstraint("source IN ('imap','api')", name="source"),
        CheckConstraint("sorted_as IS NULL OR sorted_as IN ('case','joined','aside')", name="sorted_as"),
        CheckConstraint("(sorted_at IS NULL) = (sorted_as IS NULL)", name="sorted"),
        UniqueConstraint("rfc_key"),
        Index("ix_mail_in_case", "case_id", "id"),
        Index("ix_mail_in_sender", "sender", "at"),
        Index("ix_mail_in_unsorted", "site_id", "id", sqlite_where=UNSORTED, postgresql_where=UNSORTED),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    rfc_key: Mapped[str] = mapped_column(String(64))
    rfc_id: Mapped[str | None] = mapped_column(Text)
    refs: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(String(4))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    kind: Mapped[str] = mapped_column(String(10))
    why: Mapped[str] = mapped_column(String(40))
    sender: Mapped[str] = mapped_column(String(254))
    sender_name: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(200))
    opening: Mapped[str] = mapped_column(String(300))
    mailbox_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("mailbox.id"))
    site_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("site.id"))
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("case_file.id"))
    message_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("message.id"))
    stored_as: Mapped[str | None] = mapped_column(String(64))
    byte_count: Mapped[int] = mapped_column(BigId)
    sorted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    sorted_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    sorted_as: Mapped[str | None] = mapped_column(String(6))


class MailTemplate(Base):
    """A text that is written often; its words stand in versions, one line per language and number."""

    __tablename__ = "mail_template"
    __table_args__ = (UniqueConstraint("name"), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    name: Mapped[str] = mapped_column(String(120))
    active: Mapped[bool] = mapped_column(Boolean)
    version: Mapped[int] = mapped_column(BigId)


class MailTemplateText(Base):
    """One version of a template's words in one language; never changed, the highest number holds."""

    __tablename__ = "mail_template_text"
    __table_args__ = (UniqueConstraint("template_id", "language", "number"), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    template_id: Mapped[int] = mapped_column(BigId, ForeignKey("mail_template.id"))
    language: Mapped[str] = mapped_column(String(12))
    number: Mapped[int] = mapped_column(BigId)
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    made_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)


class MessageDraft(Base):
    """What somebody has begun to write to a case's customer and not sent yet."""

    __tablename__ = "message_draft"
    __table_args__ = (Index("ix_message_draft_at", "at"),)

    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"), primary_key=True, autoincrement=False)
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), primary_key=True, autoincrement=False)
    subject: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class ContinuityNote(Base):
    """What the next colleague should know before talking to the customer, so that she need not say it again."""

    __tablename__ = "continuity_note"

    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"), primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(BigId)
