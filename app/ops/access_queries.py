"""Who holds a higher role or held one lately; and what everybody may do, as the review of access reads it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.ops.models import AccessReview
from app.people.factor_queries import HAS_FACTOR
from app.people.models import ApiToken, Employee, SecondFactor, SignInSession, Site
from app.people.permissions import Scope
from app.people.raise_models import RoleRaise

RAISES_MAX = 50


@dataclass(frozen=True, slots=True)
class RaiseRow:
    id: int
    employee_id: int
    name: str
    own_role: str
    role: str
    reason: str
    begun_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    ended_by: str | None

    def is_open(self, now: datetime) -> bool:
        return self.ended_at is None and self.ends_at > now


def raises(scope: Scope, *, open_only: bool = False) -> tuple[RaiseRow, ...]:
    """Return the newest raises that the scope covers, at most RAISES_MAX."""
    ender = aliased(Employee)
    wanted = (
        select(
            RoleRaise.id, RoleRaise.employee_id, Employee.name, RoleRaise.own_role, RoleRaise.role, RoleRaise.reason,
            RoleRaise.begun_at, RoleRaise.ends_at, RoleRaise.ended_at, ender.name,
        )
        .join(Employee, Employee.id == RoleRaise.employee_id)
        .outerjoin(ender, ender.id == RoleRaise.ended_by_id)
        .order_by(RoleRaise.id.desc())
        .limit(RAISES_MAX)
    )  # fmt: skip
    if scope.kind != "company":
        wanted = wanted.where(RoleRaise.employee_id == scope.employee_id)
    if open_only:
        wanted = wanted.where(RoleRaise.ended_at.is_(None))
    return tuple(RaiseRow(*row) for row in db.session.execute(wanted))  # type: ignore[call-arg]


def raises_over(now: datetime, limit: int) -> list[int]:
    """The raises whose time is over and that nobody has ended yet."""
    over = select(RoleRaise.id).where(RoleRaise.ended_at.is_(None), RoleRaise.ends_at <= now)
    return list(db.session.scalars(over.order_by(RoleRaise.id).limit(limit)))


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One person's access, and what was decided about it in the quarter."""

    id: int
    name: str
    role: str
    site: str
    has_factor: bool
    token_count: int
    seen_at: datetime | None
    outcome: str | None
    decided_by: str | None
    at: datetime | None
    note: str | None
    role_then: str | None

    @property
    def ref(self) -> str:
        return ref("employee", self.id)

    @property
    def is_done(self) -> bool:
        """A role that changed after it was confirmed is looked at again."""
        return self.outcome == "revoked" or (self.outcome == "confirmed" and self.role_then == self.role)


def access_rows(quarter: str, page: Page, now: datetime) -> Slice[AccessRow]:
    """Everybody who may sign in or was decided about in the quarter, by number."""
    decider = aliased(Employee)
    tokens = (
        select(func.count())
        .where(ApiToken.employee_id == Employee.id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > now)
        .scalar_subquery()
    )
    seen = select(func.max(SignInSession.seen_at)).where(SignInSession.employee_id == Employee.id).scalar_subquery()
    wanted = (
        select(
            Employee.id, Employee.name, Employee.role, Site.name, HAS_FACTOR, tokens, seen,
            AccessReview.outcome, decider.name, AccessReview.at, AccessReview.note, AccessReview.role,
        )
        .join(Site, Site.id == Employee.site_id)
        .outerjoin(SecondFactor, SecondFactor.employee_id == Employee.id)
        .outerjoin(AccessReview, (AccessReview.employee_id == Employee.id) & (AccessReview.quarter == quarter))
        .outerjoin(decider, decider.id == AccessReview.decided_by_id)
        .where(Employee.deactivated_at.is_(None) | AccessReview.id.is_not(None))
        .order_by(Employee.id)
        .limit(page.size + 1)
    )  # fmt: skip
    if page.after and str(page.after[0]).isdigit():
        wanted = wanted.where(Employee.id > int(str(page.after[0])))
    return slice_of([AccessRow(*row) for row in db.session.execute(wanted)], page, lambda row: (row.id,))


def progress(quarter: str) -> tuple[int, int]:
    """Return (decided and still true, all): of those who may sign in, and those who were taken out of it."""
    done = select(func.count()).select_from(AccessReview).join(Employee, Employee.id == AccessReview.employee_id)
    confirmed = db.session.scalar(
        done.where(
            AccessReview.quarter == quarter, AccessReview.outcome == "confirmed",
            AccessReview.role == Employee.role, Employee.deactivated_at.is_(None),
        )
    )  # fmt: skip
    active = db.session.scalar(select(func.count()).select_from(Employee).where(Employee.deactivated_at.is_(None)))
    return int(confirmed or 0), int(active or 0)
