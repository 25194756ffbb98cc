"""Import runs and the rows they turned away."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk

STATES = ("waiting", "running", "finished", "failed")
ACTIVE = text("state IN ('waiting','running')")


class ImportRun(Base):
    """One file on its way in. A run that stopped half-way is taken up again; rows that are already there are passed over.

    rows_total is empty until the file was gone through. beat_at: when its worker last showed that it is alive.
    """

    __tablename__ = "import_run"
    __table_args__ = (
        CheckConstraint("state IN ('waiting','running','finished','failed')", name="state"),
        CheckConstraint("imported_count + present_count + rejected_count = read_count", name="adds_up"),
        Index("ix_import_run_active", "id", sqlite_where=ACTIVE, postgresql_where=ACTIVE),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    file_name: Mapped[str] = mapped_column(String(200))
    file_path: Mapped[str | None] = mapped_column(Text)
    file_bytes: Mapped[int] = mapped_column(BigId)
    mapping_name: Mapped[str] = mapped_column(String(40))
    source: Mapped[str] = mapped_column(String(40))
    is_dry: Mapped[bool] = mapped_column(Boolean, default=False)
    state: Mapped[str] = mapped_column(String(10))
    started_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    beat_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    rows_total: Mapped[int | None] = mapped_column(BigId)
    read_count: Mapped[int] = mapped_column(BigId, default=0)
    imported_count: Mapped[int] = mapped_column(BigId, default=0)
    present_count: Mapped[int] = mapped_column(BigId, default=0)
    rejected_count: Mapped[int] = mapped_column(BigId, default=0)
    message: Mapped[str] = mapped_column(Text, default="")


class ImportReject(Base):
    """One reason why one row of a run was not imported."""

    __tablename__ = "import_reject"
    __table_args__ = (Index("ix_import_reject_run", "run_id", "line", "id"),)

    id: Mapped[intpk]
    run_id: Mapped[int] = mapped_column(BigId, ForeignKey("import_run.id"))
    line: Mapped[int] = mapped_column(BigId)
    source_ref: Mapped[str] = mapped_column(String(100))
    column: Mapped[str] = mapped_column("column_name", String(200))
    value: Mapped[str] = mapped_column(String(500))
    code: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text)
