"""One row per file that was taken in. The row outlives its file, so that the trail's references stay true."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk
from app.kernel.references import ref


class Attachment(Base):
    """A file of a case, an exception or a message; `subject_id` is that record's id.

    stored_as: its random name in the folder of files. added_by: who, as the trail writes it ("EM-12"), also when nobody
    of the house did. A removed one has lost its file and its name.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        CheckConstraint("subject_kind IN ('case','exception','message')", name="subject_kind"),
        CheckConstraint("kind IN ('png','jpg','pdf','txt')", name="kind"),
        CheckConstraint("byte_count >= 1 AND length(sha256) = 64", name="content"),
        CheckConstraint("(removed_at IS NULL) = (removed_by IS NULL)", name="removed"),
        CheckConstraint("(removed_at IS NULL) = (name IS NOT NULL)", name="name"),
        Index("ix_attachment_subject", "subject_kind", "subject_id", "id"),
        Index("ix_attachment_adder", "added_by", "added_at"),
        Index("ix_attachment_removed", "removed_at", "id"),
        Index("uq_attachment_stored", "stored_as", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    subject_kind: Mapped[str] = mapped_column(String(12))
    subject_id: Mapped[int] = mapped_column(BigId)
    name: Mapped[str | None] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(4))
    byte_count: Mapped[int] = mapped_column(BigId)
    width: Mapped[int | None] = mapped_column(BigId)
    height: Mapped[int | None] = mapped_column(BigId)
    sha256: Mapped[str] = mapped_column(String(64))
    stored_as: Mapped[str] = mapped_column(String(40))
    added_by: Mapped[str] = mapped_column(String(60))
    added_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)
    removed_by: Mapped[str | None] = mapped_column(String(60))
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def ref(self) -> str:
        return ref("attachment", self.id)
