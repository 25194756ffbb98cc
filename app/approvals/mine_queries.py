"""What waits for one reader: the same reading for the inbox, the desk and batches, so that they can't tell different things."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.approvals import queries, roster_queries, rules
from app.approvals.queries import RequestRow
from app.kernel.actor import Actor
from app.kernel.paging import Page, Slice
from app.people import queries as people
from app.people.permissions import Scope

READ_MAX = 200


@dataclass(frozen=True, slots=True)
class Item:
    """One request; `refused` says why this reader can't decide it."""

    row: RequestRow
    refused: object | None


def read(tab: str, scope: Scope, actor: Actor, page: Page, now: datetime) -> tuple[list[Item], Slice[RequestRow]]:
    """Return one page of the inbox: what is within reach, and of what waits also what is lent to the reader."""
    roster = roster_queries.roster(now)
    # Only whoever decides for an absent manager asks which sites there are.
    has_mandates = bool(roster.decider(actor.id).mandates)
    lent = roster.lent_sites(actor.id, [site.id for site in people.sites()] if has_mandates else ())
    found = queries.inbox(scope, tab, page, lent)
    return items(found.rows, queries.standing(found.rows, now, roster=roster), scope, actor), found


def items(rows: Sequence[RequestRow], standing: queries.Standing, scope: Scope, actor: Actor) -> list[Item]:
    """Say of each request why the reader can't decide it; what is lent to them shows only if they can."""
    answers = [(row, standing.answer(row.id, actor)) for row in rows]
    return [
        Item(row, answer.reason if isinstance(answer, rules.Refused) else None)
        for row, answer in answers
        if scope.covers(site_id=row.site_id) or isinstance(answer, rules.Allowed)
    ]


def to_decide(scope: Scope, actor: Actor, now: datetime) -> tuple[list[RequestRow], list[RequestRow]]:
    """Return what the reader may decide now, and what they asked for themselves; of the READ_MAX that are due first."""
    found, _slice = read("waiting", scope, actor, Page(size=READ_MAX), now)
    yours = [item.row for item in found if item.refused is None]
    return yours, [item.row for item in found if item.row.requested_by_id == actor.id]
