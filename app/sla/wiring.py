"""Joins clocks to cases: a deadline that moves by itself also moves its case in the queue, and targets ask for its traits."""

from collections.abc import Sequence
from functools import cache

from flask import Flask
from sqlalchemy import Select, bindparam, select

from app.cases import actions as cases
from app.cases.models import Case
from app.customers.segment_queries import segment_column
from app.kernel.database import db
from app.sla import hooks


def register(app: Flask) -> None:
    if cases.note_due not in hooks.on_moved:
        hooks.on_moved.append(cases.note_due)
    hooks.traits_of = traits_of
    hooks.lock_cases = lock_cases


def lock_cases(case_ids: Sequence[int]) -> None:
    """Take the rows of cases in the order of their ids; SQLite has the only write lock already.

    As an update of a case would: what was just written beside a case (a request, a remedy) already shares its key, and two
    who share it could never both get more.
    """
    if db.engine.dialect.name == "postgresql":
        db.session.execute(
            select(Case.id).where(Case.id.in_(case_ids)).order_by(Case.id).with_for_update(key_share=True)
        )


def traits_of(case_ids: Sequence[int]) -> dict[int, tuple[str | None, str | None]]:
    """The segment and the channel of cases, as far as targets ask."""
    rows = db.session.execute(_traits(), {"trait_cases": list(case_ids)})
    return {case_id: (segment, channel) for case_id, segment, channel in rows}


@cache
def _traits() -> Select[int, str, str]:
    cases = Case.id.in_(bindparam("trait_cases", expanding=True))
    return select(Case.id, segment_column(Case.customer_id), Case.channel).where(cases)
