"""Let the customer choose one of several offers; the one she takes releases the others."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from app.audit import actions as audit
from app.budgets import actions as budgets
from app.cases.models import Case
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound
from app.kernel.references import ref
from app.kernel.transactions import in_transaction, transaction
from app.people import permissions
from app.remedies import writing
from app.remedies.choice_models import RemedyOption
from app.remedies.models import Remedy

OPTIONS_MAX = 6
GROUPED = audit.declare("remedy:choose", "remedies", sentence=_l("let the customer choose one of several offers"))
PARTED = audit.declare("remedy:part", "remedies", sentence=_l("let each offer stand for itself again"))
NOT_CHOSEN = audit.declare(
    "remedy:unchosen", "amount", "chosen", sentence=_l("released an offer, since another one was chosen")
)


def let_choose(*, case_id: int, remedy_ids: Sequence[int], actor: Actor, now: datetime) -> int:
    """Make open offers of one case alternatives; returns the choice's id.

    Each stays held until the customer took one of them, so that whichever she takes can be given.
    """
    wanted = sorted(set(remedy_ids))
    with transaction():
        case = db.session.get(Case, case_id)
        if case is None:
            raise NotFound
        permissions.require(actor, "remedies.give", site_id=case.site_id)
        still_open = db.session.scalars(
            select(Remedy.id)
            .where(Remedy.case_id == case_id, Remedy.state == "reserved")
            .order_by(Remedy.id)
            .with_for_update()
        ).all()
        if len(wanted) < 2 or len(wanted) > OPTIONS_MAX or not set(wanted) <= set(still_open):
            raise BadInput({"remedies": [str(_l("Choose two or more offers of this case that are still open."))]})
        # Whoever was an alternative to one of them before, and isn't named now, stands for itself again.
        before = select(RemedyOption.choice_id).where(RemedyOption.remedy_id.in_(wanted))
        grouped = db.session.scalars(select(RemedyOption.remedy_id).where(RemedyOption.choice_id.in_(before))).all()
        _forget([*wanted, *(one for one in grouped if one in still_open)])
        db.session.add_all(
            RemedyOption(remedy_id=one, choice_id=wanted[0], case_id=case_id, made_by_id=actor.id, made_at=now)
            for one in wanted
        )
        db.session.flush()
        _record(GROUPED, case, wanted, actor, now)
        return wanted[0]


def part(*, case_id: int, actor: Actor, now: datetime) -> None:
    """Let each open offer of a case stand for itself again: the customer may take all of them."""
    with transaction():
        case = db.session.get(Case, case_id)
        if case is None:
            raise NotFound
        permissions.require(actor, "remedies.give", site_id=case.site_id)
        grouped = db.session.scalars(
            select(RemedyOption.remedy_id)
            .join(Remedy, Remedy.id == RemedyOption.remedy_id)
            .where(RemedyOption.case_id == case_id, Remedy.state == "reserved")
            .order_by(RemedyOption.remedy_id)
        ).all()
        if not grouped:
            raise BadInput({"remedies": [str(_l("No open offers of this case are alternatives."))]})
        _forget(grouped)
        _record(PARTED, case, list(grouped), actor, now)


def release_others(*, remedy: Remedy, actor: Actor, now: datetime) -> None:
    """The customer took this one: the other offers of its choice are free again. Its caller has locked them all."""
    assert in_transaction()
    choice_id = select(RemedyOption.choice_id).where(RemedyOption.remedy_id == remedy.id).scalar_subquery()
    others = db.session.scalars(
        select(Remedy)
        .join(RemedyOption, RemedyOption.remedy_id == Remedy.id)
        .where(RemedyOption.choice_id == choice_id, Remedy.id != remedy.id, Remedy.state == "reserved")
        .order_by(Remedy.id)
        .execution_options(populate_existing=True)
    ).all()
    for other in others:
        is_held = writing.is_held(other)
        other = writing.moved(other.id, "release", "remedies.settle", actor, now)
        if is_held:
            budgets.release(
                remedy_id=other.id, why="released", actor=actor, now=now, case_id=other.case_id, site_id=other.site_id
            )
        writing.event(other, "unchosen", actor, now)
        writing.record(NOT_CHOSEN, other, actor, now, amount=writing.money(other).json(), chosen=remedy.ref)


def _forget(remedy_ids: Sequence[int]) -> None:
    db.session.execute(delete(RemedyOption).where(RemedyOption.remedy_id.in_(remedy_ids)))


def _record(entry: audit.EntryType, case: Case, remedy_ids: Sequence[int], actor: Actor, now: datetime) -> None:
    audit.record(
        entry, subject=case.ref, actor=actor, at=now, case_id=case.id, site_id=case.site_id,
        remedies=[ref("remedy", one) for one in remedy_ids],
    )  # fmt: skip
