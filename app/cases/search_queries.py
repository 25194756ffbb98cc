"""Finds cases by what somebody types: words of the story, a reference, a customer, or a name and words together."""

from sqlalchemy import select

from app.cases.models import CASE_SEARCH, Case
from app.cases.queries import QueueRow, rows_among, visible_to
from app.cases.rules import name_and_story, site_word
from app.customers import queries as customers
from app.kernel.database import db
from app.kernel.references import parse_ref
from app.kernel.word_rules import words_of
from app.people.permissions import Scope

SEARCH_MAX = 50
# Of how many of somebody's newest cases the story is searched for the other words.
THEIRS_MAX = 500


def search(term: str, scope: Scope, limit: int = SEARCH_MAX) -> tuple[QueueRow, ...]:
    """Cases that hold every typed word (the last one may be a beginning), or whose customer goes by it, newest first.

    Takes any text. Where nothing is found, a name and words of the story may have been typed together.
    """
    within = [site_word(one) for one in scope.site_ids or (scope.site_id or 0,)] if scope.kind != "company" else []
    found = CASE_SEARCH.find(term, limit=limit, within=within) + _newest_of(term, scope, limit)
    exact = parse_ref("case", term)
    if exact is not None:
        found.insert(0, exact)
    found = found or _of_somebody(term, scope, limit)
    return rows_among(found, scope, limit) if found else ()


def _newest_of(name: str, scope: Scope, limit: int) -> list[int]:
    """The newest cases of everybody who goes by a name."""
    numbers = customers.numbers_found(name, scope)
    if numbers is None:
        return []
    theirs = select(Case.id).where(Case.customer_id.in_(numbers), visible_to(scope, are_named=True))
    return list(db.session.scalars(theirs.order_by(Case.id.desc()).limit(limit)))


def _of_somebody(term: str, scope: Scope, limit: int) -> list[int]:
    """Cases of who goes by some of the typed words that hold the others: a name is not among a case's words."""
    for name, story in name_and_story(words_of(term)):
        theirs = _newest_of(name, scope, THEIRS_MAX)
        found = CASE_SEARCH.find(story, limit=limit, among=theirs) if theirs else []
        if found:
            return found
    return []
