"""Looking things up is a deed too: who searched for whom, kept which search, carried what away."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from app.audit import actions as audit
from app.audit.models import TrailSearch
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction

LOOKED = audit.declare("audit:look", "person", "narrowed", sentence=_l("looked up what a person did"))
SEARCHED = audit.declare("audit:search", "what", "length", sentence=_l("searched for people"))
TYPED = audit.declare("audit:type-search", "what", sentence=_l("looked for people while typing"))
KEPT = audit.declare("audit:keep-search", "name", "narrowed", sentence=_l("kept a search of the trail"))
FORGOTTEN = audit.declare("audit:forget-search", "name", sentence=_l("gave up a search of the trail"))
EXPORTED = audit.declare("audit:export", "count", "form", "narrowed", sentence=_l("carried a part of the trail away"))
SEARCHES_MAX = 20
ROWS_MAX = 20_000


class TooManySearches(Refusal):
    status = 422
    code = "too-many-searches"
    sentence = _l("You keep 20 searches already. Give one up first.")


class TooManyRows(Refusal):
    """The answer is larger than one table may be."""

    status = 422
    code = "too-many-rows"
    sentence = _l("More than 20,000 entries are too many for one table. Narrow the search down.")


def record_look(*, person_id: int, narrowed: Mapping[str, str], actor: Actor, now: datetime) -> None:
    """Record that somebody looked up what another person did."""
    if person_id == actor.id:
        return
    with transaction():
        audit.record(
            LOOKED, subject=ref("employee", person_id), actor=actor, at=now, person=person_id, narrowed=dict(narrowed)
        )


def record_search(*, what: str, term: str, actor: Actor, now: datetime) -> None:
    """Record a search over people, e.g. what="customers": how long the words were, never the words."""
    with transaction():
        audit.record(
            SEARCHED, subject=f"search:{what}", actor=actor, at=now, site_id=actor.site_id,
            what=what, length=len(term),
        )  # fmt: skip


def record_typing(*, what: str, actor: Actor, now: datetime) -> None:
    """Record that somebody looked at lists of people while typing; the caller asks once a minute, not at every key."""
    with transaction():
        audit.record(
            TYPED, subject=f"search:{what}", actor=actor, at=now, site_id=actor.site_id, what=what
        )  # fmt: skip


def record_export(
    *, count: int, form: str, narrowed: Mapping[str, str], actor: Actor, now: datetime, site_id: int | None
) -> None:
    """Record that entries leave the product as a file."""
    with transaction():
        audit.record(
            EXPORTED,
            subject="trail",
            actor=actor,
            at=now,
            site_id=site_id,
            count=count,
            form=form,
            narrowed=dict(narrowed),
        )


def keep_search(*, name: str, asked: Mapping[str, str], actor: Actor, now: datetime) -> TrailSearch:
    """Keep filters under a name that is the person's own. Raises BadInput, TooManySearches."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= 60:
        raise BadInput({"name": [str(_l("Give it a name of at most 60 characters."))]})
    if not asked:
        raise BadInput({"name": [str(_l("Narrow the trail down first: there is nothing to keep."))]})
    try:
        with transaction():
            kept = db.session.scalar(
                select(func.count()).select_from(TrailSearch).where(TrailSearch.employee_id == actor.id)
            )
            if (kept or 0) >= SEARCHES_MAX:
                raise TooManySearches
            search = TrailSearch(employee_id=actor.id or 0, name=name, asked=dict(asked), kept_at=now)
            db.session.add(search)
            db.session.flush()
            audit.record(KEPT, subject=f"search:{search.id}", actor=actor, at=now, name=name, narrowed=dict(asked))
    except IntegrityError as clash:
        raise BadInput({"name": [str(_l("You keep a search of this name already."))]}) from clash
    return search


def forget_search(*, search_id: int, actor: Actor, now: datetime) -> None:
    """Give up one of the person's own searches; raises NotFound."""
    with transaction():
        name = db.session.scalar(
            select(TrailSearch.name).where(TrailSearch.id == search_id, TrailSearch.employee_id == actor.id)
        )
        if name is None:
            raise NotFound
        db.session.execute(delete(TrailSearch).where(TrailSearch.id == search_id))
        audit.record(FORGOTTEN, subject=f"search:{search_id}", actor=actor, at=now, name=name)


def narrowed_by(asked: Mapping[str, str | None], names: Sequence[str]) -> dict[str, str]:
    """What of an address narrows the trail."""
    return {name: value for name in names if (value := (asked.get(name) or "").strip())}
