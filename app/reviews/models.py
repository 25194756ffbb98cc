"""Tables of the room. A review's head moves; its figures, words, evidence and signatures are only ever added."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk
from app.kernel.references import ref
from app.kernel.triggers import append_only, only_erased, only_sealed
from app.reviews.charter_models import CharterApproval as CharterApproval
from app.reviews.charter_models import CharterComment as CharterComment
from app.reviews.charter_models import CharterVersion as CharterVersion
from app.reviews.recognition_models import CoachingNote as CoachingNote
from app.reviews.recognition_models import Kudos as Kudos

_RUNNING = text("state <> 'closed'")


class Review(Base):
    """One person's outcomes over one period, until_on exclusive.

    round: moves whenever what was locked for signing is opened again. seed: what the random cases were drawn with.
    figures: the frozen figures as JSON text, never changed (a trigger sees to it); figures_hash: its SHA-256.
    """

    __tablename__ = "review"
    __table_args__ = (
        CheckConstraint("state IN ('self_assessment','conversation','signing','closed')", name="state"),
        CheckConstraint("since_on < until_on", name="period"),
        CheckConstraint("employee_id <> reviewer_id", name="not_oneself"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed"),
        Index(
            "uq_review_running", "employee_id", unique=True, sqlite_where=_RUNNING, postgresql_where=_RUNNING,
        ),
        Index("ix_review_employee", "employee_id", "id"),
        Index("ix_review_reviewer", "reviewer_id", "id"),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    id: Mapped[intpk]
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    reviewer_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    site_id: Mapped[int] = mapped_column(BigId, ForeignKey("site.id"))
    since_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date] = mapped_column(Date)
    opened_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seed: Mapped[int] = mapped_column(BigId)
    method: Mapped[str] = mapped_column(String(60))
    figures: Mapped[str] = mapped_column(Text)
    figures_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20), default="self_assessment")
    round: Mapped[int] = mapped_column(BigId, default=1)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(BigId, default=1)

    @property
    def ref(self) -> str:
        return ref("review", self.id)


class ReviewText(Base):
    """What somebody said in a review; who says it again adds a row, and the newest stands first.

    measure: the figure that a comment is about. text: empty, and what was said is sealed (see `sealing`); plain before 0031.
    """

    __tablename__ = "review_text"
    __table_args__ = (
        CheckConstraint("kind IN ('self_assessment','notes','comment','appeal')", name="kind"),
        CheckConstraint("(kind = 'comment') = (measure IS NOT NULL)", name="measure"),
        CheckConstraint("text_sealed IS NULL OR text = ''", name="text_sealed"),
        Index("ix_review_text_review", "review_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    review_id: Mapped[int] = mapped_column(BigId, ForeignKey("review.id"))
    round: Mapped[int] = mapped_column(BigId)
    kind: Mapped[str] = mapped_column(String(20))
    measure: Mapped[str | None] = mapped_column(String(40))
    author_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    text_sealed: Mapped[str | None] = mapped_column(Text)


class ReviewCase(Base):
    """A case that both read together: drawn at random with the review's seed, or chosen by the employee."""

    __tablename__ = "review_case"
    __table_args__ = (
        UniqueConstraint("review_id", "case_id"),
        CheckConstraint("origin IN ('random','chosen')", name="origin"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    review_id: Mapped[int] = mapped_column(BigId, ForeignKey("review.id"))
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    origin: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class ConductItem(Base):
    """Something said about conduct, with a clause of the charter as it stood and at least one case.

    tone: praise, or a concern, which no protected case can carry. withdrawn_at: taken back; the row stays. text: as a review's.
    """

    __tablename__ = "conduct_item"
    __table_args__ = (
        CheckConstraint("area IN ('honesty','promises','fairness')", name="area"),
        CheckConstraint("tone IN ('praise','concern')", name="tone"),
        CheckConstraint("text_sealed IS NULL OR text = ''", name="text_sealed"),
        Index("ix_conduct_item_review", "review_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    review_id: Mapped[int] = mapped_column(BigId, ForeignKey("review.id"))
    round: Mapped[int] = mapped_column(BigId)
    area: Mapped[str] = mapped_column(String(20))
    tone: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    charter_version_id: Mapped[int] = mapped_column(BigId, ForeignKey("charter_version.id"))
    clause: Mapped[str] = mapped_column(String(40))
    author_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    text_sealed: Mapped[str | None] = mapped_column(Text)


class ConductCase(Base):
    """A case that a conduct item rests on."""

    __tablename__ = "conduct_case"

    item_id: Mapped[int] = mapped_column(BigId, ForeignKey("conduct_item.id"), primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"), primary_key=True, autoincrement=False)


class ReviewSignature(Base):
    """One side signed one round of a review exactly as it stood; content_hash names that."""

    __tablename__ = "review_signature"
    __table_args__ = (
        CheckConstraint("side IN ('employee','reviewer')", name="side"),
        UniqueConstraint("review_id", "round", "side"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    review_id: Mapped[int] = mapped_column(BigId, ForeignKey("review.id"))
    round: Mapped[int] = mapped_column(BigId)
    side: Mapped[str] = mapped_column(String(10))
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    content_hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class ReviewAccess(Base):
    """Somebody else than the employee read a review; the employee sees this list."""

    __tablename__ = "review_access"
    __table_args__ = (
        CheckConstraint("how IN ('page','pdf','data','api')", name="how"),
        Index("ix_review_access_review", "review_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    review_id: Mapped[int] = mapped_column(BigId, ForeignKey("review.id"))
    reader_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    how: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


_FROZEN = ("employee_id", "site_id", "since_on", "until_on", "opened_by_id", "opened_at", "seed", "method", "figures")
REVIEW_UPDATE = " AND ".join(f"NEW.{name} = OLD.{name}" for name in (*_FROZEN, "figures_hash")) + (
    " AND NEW.version >= OLD.version AND NEW.round >= OLD.round"
)
append_only(Review.__table__, update_allowed_when=REVIEW_UPDATE)  # type: ignore[arg-type]
for _table in (ReviewCase, ReviewSignature, ReviewAccess):
    append_only(_table.__table__)  # type: ignore[arg-type]
_TEXT = ("id", "review_id", "round", "kind", "measure", "author_id", "at")
_ITEM = ("id", "review_id", "round", "area", "tone", "charter_version_id", "clause", "author_id", "at", "withdrawn_at")
_WITHDRAWN = (
    "OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL AND NEW.text = OLD.text AND NEW.clause = OLD.clause"
    " AND coalesce(NEW.text_sealed, '') = coalesce(OLD.text_sealed, '')"
)


def _words_change(columns: tuple[str, ...]) -> str:
    """Words are sealed once and erased once, and change in no other way."""
    return f"({only_sealed(columns, 'text')}) OR ({only_erased(columns, 'text')} AND NEW.text_sealed IS NULL)"


append_only(ReviewText.__table__, update_allowed_when=_words_change(_TEXT))  # type: ignore[arg-type]
append_only(ConductItem.__table__, update_allowed_when=f"({_WITHDRAWN}) OR {_words_change(_ITEM)}")  # type: ignore[arg-type]
