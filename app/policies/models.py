"""The remedy catalogue, and policies whose published versions never change."""

from datetime import datetime

from sqlalchemy import DDL, Boolean, CheckConstraint, ForeignKey, Index, String, Text, event
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk
from app.kernel.triggers import append_only, frozen_when
from app.policies.clause_models import ClauseCare as ClauseCare
from app.policies.clause_models import ClauseSignOff as ClauseSignOff


class RemedyKind(Base):
    """A kind of remedy that may be given, e.g. a refund or an apology; retired, never deleted."""

    __tablename__ = "remedy_kind"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[intpk]
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    monetary: Mapped[bool] = mapped_column(Boolean)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    version: Mapped[int] = mapped_column(BigId, default=1)


class PolicyVersion(Base):
    """One version of the recovery policy: draft, then published for good from an instant on."""

    __tablename__ = "policy_version"
    __table_args__ = (
        CheckConstraint("state IN ('draft','published')", name="state"),
        CheckConstraint("(state = 'published') = (published_at IS NOT NULL)", name="published"),
        Index("ix_policy_version_valid", "state", "valid_from"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    number: Mapped[int] = mapped_column(BigId, unique=True)
    title: Mapped[str] = mapped_column(String(120))
    source: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(10))
    valid_from: Mapped[datetime] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_by_id: Mapped[int | None] = mapped_column(BigId)
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    content_hash: Mapped[str] = mapped_column(String(64))


class AuthorityRule(Base):
    """One rule of a version; never changed, since a changed rule is a new version.

    measure count: `limit_minor` is a number of remedies and the currency is XXX, ISO 4217's code for none.
    """

    __tablename__ = "authority_rule"
    __table_args__ = (
        CheckConstraint(
            "unit IN ('remedy','incident','customer_incident','customer_day','customer_days',"
            "'employee_month','team_month','site_month')",
            name="unit",
        ),
        CheckConstraint("limit_minor >= 0", name="limit"),
        CheckConstraint("(unit = 'customer_days') = (days IS NOT NULL)", name="days"),
        CheckConstraint("measure IN ('amount','count')", name="measure"),
        CheckConstraint("(measure = 'count') = (currency = 'XXX')", name="counted"),
        CheckConstraint("valid_from IS NULL OR valid_to IS NULL OR valid_from < valid_to", name="validity"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    version_id: Mapped[int] = mapped_column(BigId, ForeignKey("policy_version.id"), index=True)
    role: Mapped[str | None] = mapped_column(String(20))
    site_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("site.id"))
    kind: Mapped[str | None] = mapped_column(String(40))
    category_id: Mapped[int | None] = mapped_column(BigId)
    severity_min: Mapped[int] = mapped_column(BigId, default=0)
    severity_max: Mapped[int] = mapped_column(BigId, default=4)
    unit: Mapped[str] = mapped_column(String(20))
    days: Mapped[int | None] = mapped_column(BigId)
    limit_minor: Mapped[int] = mapped_column(BigId)
    currency: Mapped[str] = mapped_column(String(3))
    clause: Mapped[str] = mapped_column(String(40))
    hard: Mapped[bool] = mapped_column(Boolean, default=False)
    measure: Mapped[str] = mapped_column(String(10), default="amount")
    team_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("team.id"))
    level_min: Mapped[int | None] = mapped_column(BigId)
    certificate: Mapped[str | None] = mapped_column(String(40))
    segment: Mapped[str | None] = mapped_column(String(40))
    valid_from: Mapped[datetime | None] = mapped_column(UTCDateTime)
    valid_to: Mapped[datetime | None] = mapped_column(UTCDateTime)


frozen_when(PolicyVersion.__table__, "OLD.state = 'published'")  # type: ignore[arg-type]
append_only(AuthorityRule.__table__, keys=("id",))  # type: ignore[arg-type]

# A rule can't be added to a published version either: its content hash would no longer be true.
_PUBLISHED = "EXISTS (SELECT 1 FROM policy_version WHERE id = NEW.version_id AND state = 'published')"
_NO_ADDITION = {
    "sqlite": (
        f"CREATE TRIGGER authority_rule_no_addition BEFORE INSERT ON authority_rule WHEN {_PUBLISHED} "
        "BEGIN SELECT RAISE(ABORT, 'authority_rule is append-only'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION makegood_refuse_addition() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {_PUBLISHED} THEN RAISE EXCEPTION 'authority_rule is append-only' USING ERRCODE = 'restrict_violation'; "
        "END IF; RETURN NEW; END $$",
        "CREATE TRIGGER authority_rule_no_addition BEFORE INSERT ON authority_rule "
        "FOR EACH ROW EXECUTE FUNCTION makegood_refuse_addition()",
    ),
}
for _dialect, _statements in _NO_ADDITION.items():
    for _statement in _statements:
        event.listen(AuthorityRule.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect))
