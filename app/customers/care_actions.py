"""Write down what a customer agreed to, how she wants to be reached, and what she is worth to the company."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select, update

from app.audit import actions as audit
from app.customers.actions import Erased
from app.customers.care_rules import CHANNELS, PURPOSES, SOURCES, WISHES_MAX
from app.customers.identity_queries import with_emails
from app.customers.models import Customer, CustomerConsent, CustomerPreference, CustomerValue
from app.customers.rules import email_key
from app.customers.segment_actions import set_segment
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.money import Money
from app.kernel.references import parse_ref, ref
from app.kernel.transactions import transaction
from app.people import permissions

ROWS_MAX = 5_000
CONSENTED = audit.declare(
    "customer:consent", "purpose", "given", "source", "said_at", sentence=_l("wrote down what a customer agreed to")
)
WISHED = audit.declare("customer:wish", "before", "after", sentence=_l("wrote down how a customer wants to be reached"))
VALUED = audit.declare("customer:value", "value", sentence=_l("set a customer's value"))


def record_consent(
    *, customer_id: int, purpose: str, given: bool, source: str, said_at: datetime, actor: Actor, now: datetime
) -> None:
    """Add the customer's answer about one purpose; what was said before stays as it was."""
    if purpose not in PURPOSES or source not in SOURCES:
        raise BadInput({"purpose" if purpose not in PURPOSES else "source": [str(_l("Choose one of these."))]})
    if said_at > now:
        raise BadInput({"said_at": [str(_l("This is still to come."))]})
    with transaction():
        customer = _hers(customer_id, actor)
        db.session.execute(
            insert(CustomerConsent).values(
                customer_id=customer_id, purpose=purpose, given=given, said_at=said_at, source=source,
                recorded_at=now, recorded_by_id=actor.id,
            )
        )  # fmt: skip
        audit.record(
            CONSENTED, subject=ref("customer", customer_id), actor=actor, at=now, site_id=customer.site_id,
            purpose=purpose, given=given, source=source, said_at=said_at.isoformat(),
        )  # fmt: skip


def set_wishes(
    *,
    customer_id: int,
    version: int,
    channel: str | None,
    do_not_call: bool,
    wishes: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Say how a customer wants to be reached, as it was at `version` (0: nothing was said); raises Conflict."""
    if channel is not None and channel not in CHANNELS:
        raise BadInput({"channel": [str(_l("Choose one of these."))]})
    if channel == "phone" and do_not_call:
        raise BadInput({"channel": [str(_l("Who isn't to be called can't be answered by telephone."))]})
    if len(wishes.strip()) > WISHES_MAX:
        raise BadInput({"wishes": [str(_l("At most %(count)d characters.", count=WISHES_MAX))]})
    after = {"channel": channel, "do_not_call": do_not_call, "wishes": wishes.strip()}
    with transaction():
        customer = _hers(customer_id, actor)
        found = db.session.get(CustomerPreference, customer_id)
        before = {name: getattr(found, name) for name in after} if found else None
        if (found.version if found else 0) != version:
            raise Conflict
        if found is None:
            db.session.add(
                CustomerPreference(customer_id=customer_id, **after, set_at=now, set_by_id=actor.id, version=1)
            )
            db.session.flush()
        else:
            done = db.session.execute(
                update(CustomerPreference)
                .where(CustomerPreference.customer_id == customer_id, CustomerPreference.version == version)
                .values(**after, set_at=now, set_by_id=actor.id, version=version + 1)
                .execution_options(synchronize_session=False)
            )
            if done.rowcount != 1:  # type: ignore[attr-defined]
                raise Conflict
        audit.record(
            WISHED, subject=ref("customer", customer_id), actor=actor, at=now, site_id=customer.site_id, before=before,
            after=after,
        )  # fmt: skip


def set_value(*, customer_id: int, value: Money, actor: Actor, now: datetime) -> None:
    """Say what a customer spends in a year. It is shown beside her cases; no limit and no flag depends on it."""
    permissions.require(actor, "settings.write")
    with transaction():
        if db.session.get(Customer, customer_id) is None:
            raise NotFound
        found = db.session.get(CustomerValue, customer_id)
        if found is None:
            found = CustomerValue(customer_id=customer_id)
            db.session.add(found)
        found.year_minor, found.currency, found.set_at, found.set_by_id = value.minor, value.currency, now, actor.id
        db.session.flush()
        audit.record(VALUED, subject=ref("customer", customer_id), actor=actor, at=now, value=value.json())


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a file: a customer by number or address, with a segment, a value, or both."""

    line: int
    who: str
    segment: str | None
    value: Money | None


def take_figures(*, figures: Sequence[Figure], actor: Actor, now: datetime, dry_run: bool = False) -> int:
    """Set what a file says of its customers: all lines or none; returns how many customers it names.

    Raises BadInput with a sentence per line that names nobody, names several, or names somebody twice. dry_run: only look.
    """
    permissions.require(actor, "settings.write")
    if len(figures) > ROWS_MAX:
        raise BadInput({"file": [str(_l("A file has at most %(count)d lines.", count=ROWS_MAX))]})
    known = _known([figure.who for figure in figures])
    mistakes: list[str] = []
    seen: set[int] = set()
    for figure in figures:
        ids = known.get(figure.who, set())
        if len(ids) != 1 or ids & seen:
            said = _l("nobody is") if not ids else _l("several are") if len(ids) > 1 else _l("named twice:")
            mistakes.append(str(_l("Line %(line)d: %(said)s %(who)s.", line=figure.line, said=said, who=figure.who)))
        seen |= ids
    if mistakes:
        raise BadInput({"file": mistakes[:20]})
    if not dry_run and figures:
        with transaction():
            for figure in figures:
                (customer_id,) = known[figure.who]
                if figure.segment:
                    set_segment(customer_id=customer_id, segment=figure.segment, actor=actor, now=now)
                if figure.value is not None:
                    set_value(customer_id=customer_id, value=figure.value, actor=actor, now=now)
    return len(figures)


def _known(names: Sequence[str]) -> Mapping[str, set[int]]:
    """The customers that numbers and addresses mean, in two queries for every 500."""
    found: dict[str, set[int]] = {}
    for start in range(0, len(names), 500):
        part = names[start : start + 500]
        ids = {parse_ref("customer", name): name for name in part}
        for one in db.session.scalars(select(Customer.id).where(Customer.id.in_([one for one in ids if one]))):
            found.setdefault(ids[one], set()).add(one)
        addresses = {key: name for name in part if "@" in name and (key := email_key(name))}
        for known in with_emails(addresses):
            found.setdefault(addresses[known.email], set()).add(known.customer_id)
    return found


def _hers(customer_id: int, actor: Actor) -> Customer:
    customer = db.session.get(Customer, customer_id, with_for_update={"read": True, "key_share": True})
    if customer is None:
        raise NotFound
    permissions.require(actor, "customers.write", site_id=customer.site_id)
    if customer.data_key is None:
        raise Erased
    return customer
