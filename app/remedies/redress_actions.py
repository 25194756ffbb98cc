"""Keep the rules of what is owed, find what a case owes, and hold a case open until it is given."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select

from app.audit import actions as audit
from app.cases import actions as cases
from app.cases.models import Case
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, NotPermitted, Refusal
from app.kernel.money import Money
from app.kernel.transactions import transaction
from app.people import permissions
from app.policies import queries as policies
from app.policies.rules import REDRESS_ROLES
from app.remedies import redress_queries as queries
from app.remedies import redress_rules as rules
from app.remedies.models import Remedy
from app.remedies.redress_models import Entitlement, RedressFinding, RedressRemedy
from app.remedies.redress_queries import OwedLine

FACT_MAX = 10**9
ADDED = audit.declare(
    "entitlement:add", "code", "name", "source", "kind", "formula", "scope", sentence=_l("added a rule of what is owed")
)
RETIRED = audit.declare("entitlement:retire", "code", sentence=_l("retired a rule of what is owed"))
FOUND = audit.declare(
    "redress:find", "entitlement", "outcome", "facts", "reason", sentence=_l("found what the case owes")
)


class RedressOwed(Refusal):
    """The case owes something by law or contract that wasn't given; goodwill is no replacement for it."""

    code = "redress-owed"
    sentence = _l("This case owes something by law or contract. Give it first; goodwill doesn't replace it.")


class NothingOwed(Refusal):
    """No rule says that the case owes this."""

    status = 422
    code = "nothing-owed"
    sentence = _l("By this rule the case owes nothing more. Offer goodwill instead.")


def add_entitlement(
    *,
    code: str,
    name: str,
    source: str,
    kind: str,
    formula: str,
    valid_from: datetime,
    actor: Actor,
    now: datetime,
    category_id: int | None = None,
    country: str | None = None,
    attribution: str | None = None,
    severity_min: int = 1,
) -> Entitlement:
    """Add a rule of what is owed; `source` is the law or the contract, `formula` as `redress_rules.read_formula` reads it."""
    permissions.require(actor, "settings.write")
    tag = code.strip().lower()
    errors: dict[str, list[str]] = {}
    if not tag.replace("-", "").isalnum() or not tag.isascii() or len(tag) > 40:
        errors["code"] = [str(_l("Use letters, digits and hyphens, at most 40."))]
    elif db.session.scalar(select(Entitlement.id).where(Entitlement.code == tag)):
        errors["code"] = [str(_l("This code is taken."))]
    if not name.strip() or len(name) > 120:
        errors["name"] = [str(_l("Type a name of at most 120 characters."))]
    if not source.strip():
        errors["source"] = [str(_l("Name the law or the contract that it is owed by."))]
    chosen = policies.kind(kind)
    if chosen is None or not chosen.active or not chosen.monetary:
        errors["kind"] = [str(_l("Choose a remedy from the list that is money."))]
    read = {}
    try:
        read = rules.read_formula(formula)
    except rules.BadFormula as mistake:
        errors["formula"] = [str(mistake)]
    if errors:
        raise BadInput(errors)
    with transaction():
        scope = {
            "category_id": category_id, "country": country, "attribution": attribution, "severity_min": severity_min,
        }  # fmt: skip
        row = Entitlement(
            code=tag, name=" ".join(name.split()), source=source.strip(), kind=kind, formula=read, valid_from=valid_from,
            **scope,
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        audit.record(
            ADDED, subject=f"entitlement:{tag}", actor=actor, at=now, code=tag, name=row.name, source=row.source,
            kind=kind, formula=rules.say_formula(read), scope=scope,
        )  # fmt: skip
        return row


def retire_entitlement(*, code: str, actor: Actor, now: datetime) -> None:
    """End a rule: it holds for what happened before, and for nothing that happens from now on."""
    permissions.require(actor, "settings.write")
    with transaction():
        row = db.session.scalar(select(Entitlement).where(Entitlement.code == code, Entitlement.retired_at.is_(None)))
        if row is None:
            raise NotFound
        row.retired_at = now
        audit.record(RETIRED, subject=f"entitlement:{code}", actor=actor, at=now, code=code)


def find(
    *,
    case_id: int,
    code: str,
    actor: Actor,
    now: datetime,
    fact: int | None = None,
    not_owed: str = "",
) -> None:
    """Say the fact that an entitlement depends on, or (`not_owed`: why) that nothing is owed by it after all.

    Only whoever leads may set an entitlement aside.
    """
    with transaction():
        case = _case(case_id, actor)
        line = line_of(case, code, now)
        if not_owed.strip() and actor.is_person and actor.role not in REDRESS_ROLES:
            raise NotPermitted
        facts: dict[str, int] = {}
        if not not_owed.strip():
            name = line.rule.formula.get("fact")
            if name is None or fact is None or not 0 <= fact <= FACT_MAX:
                raise BadInput({"fact": [str(_l("Type a whole number."))]})
            facts[str(name)] = fact
        outcome = "not_owed" if not_owed.strip() else "owed"
        db.session.add(
            RedressFinding(
                case_id=case.id, entitlement_id=line.rule.id, outcome=outcome, facts=facts, reason=not_owed.strip(),
                found_by_id=actor.id, at=now,
            )
        )  # fmt: skip
        db.session.flush()
        data = {"what": outcome, "kind": line.rule.name, "facts": facts}
        cases.add_event(case_id=case.id, kind="remedy", actor=actor, at=now, text=not_owed.strip(), data=data)
        audit.record(
            FOUND, subject=case.ref, actor=actor, at=now, case_id=case.id, site_id=case.site_id, entitlement=code,
            outcome=outcome, facts=facts, reason=not_owed.strip(),
        )  # fmt: skip


def left_of(case: Case, code: str, kind: str, now: datetime) -> tuple[OwedLine, Money]:
    """What a case still owes by an entitlement, under the case's lock: two at once can't both give it."""
    db.session.execute(select(Case.id).where(Case.id == case.id).with_for_update())
    line = line_of(case, code, now)
    if line.rule.kind != kind:
        raise BadInput({"kind": [str(_l("This is owed as another kind of remedy."))]})
    if line.left.minor == 0:
        raise NothingOwed
    return line, line.left


def keep(remedy: Remedy, line: OwedLine) -> None:
    """Note which entitlement a remedy pays."""
    db.session.execute(insert(RedressRemedy).values(remedy_id=remedy.id, entitlement_id=line.rule.id))


def line_of(case: Case, code: str, now: datetime) -> OwedLine:
    """The line of one entitlement; raises NothingOwed where it doesn't apply to the case."""
    for line in queries.owed_in_case(case, now):
        if line.rule.code == code:
            return line
    raise NothingOwed


def refuse_unpaid(case: Case, actor: Actor, now: datetime) -> None:
    """Refuse to resolve a case that owes something. Registered as a hook of cases."""
    open_lines = [line for line in queries.owed_in_case(case, now) if line.is_open]
    if open_lines:
        first = open_lines[0]
        raise RedressOwed(
            _l(
                "This case owes: %(name)s (%(source)s). Give it first, or let whoever leads say why it isn't owed; "
                "goodwill doesn't replace it.",
                name=first.rule.name,
                source=first.rule.source,
            ),
            owed=[{"code": line.rule.code, "left": line.left.json(), "missing": line.missing} for line in open_lines],
        )


def _case(case_id: int, actor: Actor) -> Case:
    case = db.session.get(Case, case_id)
    if case is None:
        raise NotFound
    permissions.require(actor, "remedies.give", site_id=case.site_id)
    return case
