"""The queue with the customers most at risk first, page by page. It puts cases in order and leaves none out."""

from dataclasses import dataclass
from datetime import datetime

from app.cases import queries as cases
from app.cases.queries import Filters, QueueRow
from app.insights.risk_queries import ranked
from app.insights.risk_rules import Score
from app.kernel.paging import Page, Slice, encode_cursor
from app.kernel.time import parse_instant
from app.people.permissions import Scope

Key = tuple[int, datetime, int]


@dataclass(frozen=True, slots=True)
class RiskPage:
    """rows: as the queue shows them, in order. scores: of those that have one. is_cut: cases due later follow unranked."""

    rows: Slice[QueueRow]
    scores: dict[int, Score]
    is_cut: bool


def by_risk(
    scope: Scope, filters: Filters, page: Page, *, me_id: int | None, team_id: int | None, now: datetime
) -> RiskPage | None:
    """One page; None while the score is off, so that the queue is as it always was.

    Its cursors are (points, due, case) within what is ranked, and the queue's own (due, case) behind it.
    """
    if page.after is not None and len(page.after) == 2:
        return RiskPage(cases.queue(scope, filters, page, me_id=me_id, team_id=team_id, now=now), {}, True)
    found = ranked(scope, filters, me_id=me_id, team_id=team_id, now=now)
    if not found.is_on:
        return None
    after = _after(page)
    rest = [row for row in found.order if after is None or _place(row) > _place(after)]
    shown = rest[: page.size]
    rows = {row.id: row for row in cases.rows_among([number for _p, _due, number in shown], scope, page.size)}
    cursor = None
    if len(rest) > page.size:
        points, due, number = shown[-1]
        cursor = encode_cursor((points, due.isoformat(), number))
    elif found.goes_on:
        _points, due, number = max(found.order, key=lambda row: row[1:])
        cursor = encode_cursor((due.isoformat(), number))
    listed = tuple(rows[number] for _p, _due, number in shown if number in rows)
    return RiskPage(Slice(listed, cursor), found.scores, found.goes_on)


def _place(key: Key) -> Key:
    return -key[0], key[1], key[2]


def _after(page: Page) -> Key | None:
    """The last row seen; a malformed cursor starts from the beginning."""
    if page.after is None or len(page.after) != 3:
        return None
    points, at, number = page.after
    if not isinstance(at, str) or type(points) is not int or type(number) is not int:
        return None
    try:
        return points, parse_instant(at), number
    except (ValueError, OverflowError):
        return None
