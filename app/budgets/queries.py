"""Reads over purses. Usage comes in one query, whatever the number of windows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, false, func, or_, select, true

from app.budgets.models import FxRate, Hold, HoldShare, Purse
from app.budgets.rules import Limiting, PurseKey, Spending, Usage, keys_beside, purse_key
from app.kernel.database import UTCDateTime, db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.people.permissions import Scope
from app.people.scope_queries import at_sites


@dataclass(frozen=True, slots=True)
class PurseRow:
    """A purse as pages show it; minor units of its currency."""

    id: int
    key: str
    unit: str
    period: str | None
    currency: str
    site_id: int
    team_id: int | None
    employee_id: int | None
    limit_minor: int
    reserved_minor: int
    settled_minor: int

    @property
    def ref(self) -> str:
        return ref("purse", self.id)

    @property
    def left_minor(self) -> int:
        return max(0, self.limit_minor - self.reserved_minor - self.settled_minor)


MONTHLY = ("employee_month", "team_month", "site_month")
_COLUMNS = (
    Purse.id, Purse.key, Purse.unit, Purse.period, Purse.currency, Purse.site_id, Purse.team_id, Purse.employee_id,
    Purse.ceiling_minor + Purse.approved_minor, Purse.reserved_minor, Purse.settled_minor,
)  # fmt: skip


def usage(rules: Sequence[Limiting], spending: Spending, at: datetime) -> dict[int, Usage]:
    """What the window of each rule holds at `at`: rule id → used. One query, however many windows there are."""
    keys = {
        rule.id: (key, *keys_beside(rule, spending, at)) for rule in rules if (key := purse_key(rule, spending, at))
    }
    found = _used({key.key: key for part in keys.values() for key in part}, at)
    return {rule_id: _together(found[key.key] for key in part) for rule_id, part in keys.items()}


def used_beside(keys: Sequence[PurseKey], at: datetime) -> Usage:
    """What a customer's other numbers hold in one window, together."""
    return _together(_used({key.key: key for key in keys}, at).values())


def _used(keys: Mapping[str, PurseKey], at: datetime) -> dict[str, Usage]:
    """What each purse holds; nothing where there is no purse yet."""
    if not keys:
        return {}
    since = {key.key: at - timedelta(days=key.days or 0) for key in keys.values() if key.is_rolling}
    asked: dict[str, Any] = {"keys": list(keys)}
    for place, (key, begin) in enumerate(since.items()):
        asked |= {f"key_{place}": key, f"begin_{place}": begin}
    rows = db.session.execute(_held(len(since)), asked)
    found = {row[0]: Usage(*(int(part or 0) for part in (row[4:] if row[0] in since else row[1:4]))) for row in rows}
    return {key: found.get(key, Usage()) for key in keys}


def _together(parts: Iterable[Usage]) -> Usage:
    found = list(parts)
    return Usage(
        sum(part.settled_minor for part in found),
        sum(part.reserved_minor for part in found),
        sum(part.approved_minor for part in found),
    )


@lru_cache(maxsize=32)
def _held(rolling_keys: int) -> Select[Any]:
    """Put the statement for so many rolling windows together once: each "Can I?" asks it."""
    columns: list[Any] = [Purse.key, Purse.settled_minor, Purse.reserved_minor, Purse.approved_minor]
    if rolling_keys:
        columns += _shares(rolling_keys)
    return select(*columns).where(Purse.key.in_(bindparam("keys", expanding=True)))


def _shares(rolling_keys: int) -> list[Any]:
    """What rolling purses hold since their instants: settled, reserved, and the part of both that exceptions granted."""
    begin = case(
        *(
            (Purse.key == bindparam(f"key_{place}"), bindparam(f"begin_{place}", type_=UTCDateTime()))
            for place in range(rolling_keys)
        )
    )
    both = HoldShare.settled_minor + HoldShare.reserved_minor
    inside = (HoldShare.purse_id == Purse.id, HoldShare.held_at > begin)
    return [
        select(func.sum(column)).where(*inside, *more).correlate(Purse).scalar_subquery()
        for column, more in (
            (HoldShare.settled_minor, ()),
            (HoldShare.reserved_minor, ()),
            (both, (HoldShare.granted.is_(True),)),
        )
    ]


def rolling(purse_id: int, days: int, at: datetime) -> Usage:
    """What a rolling window holds; asked under the purse's lock."""
    both = HoldShare.settled_minor + HoldShare.reserved_minor
    row = db.session.execute(
        select(
            func.coalesce(func.sum(HoldShare.settled_minor), 0),
            func.coalesce(func.sum(HoldShare.reserved_minor), 0),
            func.coalesce(func.sum(both).filter(HoldShare.granted.is_(True)), 0),
        ).where(HoldShare.purse_id == purse_id, HoldShare.held_at > at - timedelta(days=days))
    ).one()
    return Usage(*(int(part) for part in row))


def rates_on(currencies: Iterable[str], day: date) -> dict[str, tuple[int, date]]:
    """The latest published rate of each currency on or before a day: (millionths for one euro, published on)."""
    wanted = [currency for currency in currencies if currency != "EUR"]
    latest = (
        select(FxRate.currency, func.max(FxRate.on_day).label("on_day"))
        .where(FxRate.currency.in_(wanted), FxRate.on_day <= day)
        .group_by(FxRate.currency)
        .subquery()
    )
    rows = db.session.execute(
        select(FxRate.currency, FxRate.millionths, FxRate.on_day).join(
            latest, (FxRate.currency == latest.c.currency) & (FxRate.on_day == latest.c.on_day)
        )
    )
    return {row.currency: (row.millionths, row.on_day) for row in rows}


def has_hold(remedy_id: int) -> bool:
    return db.session.scalar(select(Hold.id).where(Hold.remedy_id == remedy_id)) is not None


def visible_to(scope: Scope) -> ColumnElement[bool]:
    """Which purses a scope sees: one's own and one's team's; a site's; all."""
    if scope.kind == "company":
        return true()
    if scope.kind in ("site", "region"):
        return at_sites(Purse.site_id, scope)
    mine = Purse.employee_id == scope.employee_id
    return or_(mine, Purse.team_id == scope.team_id) if scope.team_id else (mine if scope.employee_id else false())


def purses(scope: Scope, page: Page, *, period: str | None = None) -> Slice[PurseRow]:
    """Monthly purses within a scope, newest first."""
    statement = select(*_COLUMNS).where(visible_to(scope), Purse.unit.in_(MONTHLY))
    if period:
        statement = statement.where(Purse.period == period)
    if page.after and isinstance(page.after[0], int):
        statement = statement.where(Purse.id < page.after[0])
    rows = [PurseRow(*row) for row in db.session.execute(statement.order_by(Purse.id.desc()).limit(page.size + 1))]
    return slice_of(rows, page, key=lambda row: (row.id,))


def purse_by_key(key: PurseKey) -> PurseRow | None:
    row = db.session.execute(select(*_COLUMNS).where(Purse.key == key.key)).first()
    return PurseRow(*row) if row else None
