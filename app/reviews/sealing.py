"""Words about employees are kept sealed under a key of the person they are about; read as columns of a query."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, literal, or_, select
from sqlalchemy.orm import aliased

from app.kernel import personal
from app.kernel.database import Base, db
from app.kernel.transactions import in_transaction
from app.kernel.triggers import ERASED
from app.people import key_actions
from app.people.key_models import EmployeeKey
from app.reviews.models import ConductItem, Review, ReviewText
from app.reviews.recognition_models import CoachingNote

_About = aliased(Review)
_ABOUT: dict[str, Any] = {
    model.__tablename__: select(_About.employee_id)
    .where(_About.id == model.review_id)
    .correlate(model)
    .scalar_subquery()
    for model in (ReviewText, ConductItem)
}
_ABOUT[CoachingNote.__tablename__] = CoachingNote.__table__.c.employee_id


def _opened(model: type[Base], column: str) -> personal.opened_words:
    table, number = _table(model), _ABOUT[model.__tablename__]
    wrapped = select(EmployeeKey.data_key).where(EmployeeKey.employee_id == number).correlate(table).scalar_subquery()
    found = personal.opened_words(table, column, owner="employee", number=number, wrapped=wrapped)
    personal.WORDS[table.name, column] = found
    return found


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


TEXT = _opened(ReviewText, "text")
CONDUCT = _opened(ConductItem, "text")
SAW, NEXT_STEP = _opened(CoachingNote, "saw"), _opened(CoachingNote, "next_step")
_COLUMNS: dict[str, tuple[type[Base], tuple[str, ...]]] = {
    "words of reviews": (ReviewText, ("text",)),
    "words about conduct": (ConductItem, ("text",)),
    "coaching notes": (CoachingNote, ("saw", "next_step")),
}


def keep(row: Any, words: Mapping[str, str], *, employee_id: int) -> None:
    """Add a row without its words, and seal these under the key of the employee they are about."""
    assert in_transaction()
    for column in words:
        setattr(row, column, "")
    db.session.add(row)
    db.session.flush()
    personal.seal_words(_table(type(row)), row.id, words, key_actions.key_of(employee_id))
    db.session.refresh(row)


def _sealer(model: type[Base], columns: tuple[str, ...]) -> personal.Rewrap:
    table, about = _table(model), _ABOUT[model.__tablename__]

    def seal(after: int, limit: int) -> tuple[int | None, int]:
        """Seal a batch of words that were written plainly (see personal.Rewrap)."""
        plain = or_(*(table.c[name].not_in(("", ERASED)) for name in columns))
        rows = db.session.execute(
            select(table.c.id, about.label("employee_id"), *(table.c[name] for name in columns))
            .where(table.c.id > after, plain)
            .order_by(table.c.id)
            .limit(limit)
            .with_for_update(of=table)
        ).all()
        for row in rows:
            words = {name: said for name in columns if (said := row._mapping[name]) not in ("", ERASED)}
            personal.seal_words(table, row.id, words, key_actions.key_of(row.employee_id))
        return (rows[-1].id if rows else None), len(rows)

    return seal


personal.SEALS.update({about: _sealer(*one) for about, one in _COLUMNS.items()})


def doesnt_open() -> list[str]:
    """Name the words that were moved, cut or changed in the database; for `flask check`."""
    found: list[str] = []
    for (table, column), words in personal.WORDS.items():
        here = db.metadata.tables[table]
        ids = db.session.scalars(
            select(here.c.id).where(here.c[f"{column}_sealed"].is_not(None)).order_by(here.c.id)
        ).all()
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            try:
                db.session.execute(select(words).where(here.c.id.in_(some))).all()
            except personal.WordsChanged:
                found += [f"{table}.{column}|{one}" for one in some if not _opens(words, here, one)]
    return [f"sealed words open under their person's key: {found[:5]}"] if found else []


def _opens(words: Any, table: Table, row_id: int) -> bool:
    try:
        db.session.execute(select(words).where(table.c.id == literal(row_id))).all()
    except personal.WordsChanged:
        return False
    return True
