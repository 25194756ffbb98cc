"""What people do with a case: log it, work on it, resolve it, open it again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm.util import identity_key

from app.audit import actions as audit
from app.cases import hooks, rules
from app.cases.checks import check_new, check_resolution, check_text
from app.cases.models import CASE_SEARCH, Case, CaseEvent
from app.cases.place_checks import check_customer, check_places
from app.customers.segment_queries import segment_of
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, Refusal
from app.kernel.texts import one_line
from app.kernel.transactions import in_transaction, transaction
from app.people import permissions
from app.people import queries as people
from app.sla import actions as sla

LOGGED = audit.declare(
    "case:log", "summary", "severity", "category", "channel", "customer", "occurred_at", "owner", "team",
    sentence=_l("logged the case"),
)  # fmt: skip
NOTED = audit.declare("case:note", "length", sentence=_l("wrote an internal note"))
ACKNOWLEDGED = audit.declare("case:acknowledge", "channel", sentence=_l("acknowledged the case"))
REPLIED = audit.declare("case:reply", "length", sentence=_l("answered the customer"))
ASSIGNED = audit.declare("case:assign", "before", "after", sentence=_l("changed who answers for the case"))
CHANGED = audit.declare("case:change", "before", "after", sentence=_l("changed the case"))
WAITED = audit.declare("case:wait", "waiting_for", "reason", sentence=_l("waits"))
RESUMED = audit.declare("case:resume", "waited_for", sentence=_l("stopped waiting"))
RESOLVED = audit.declare("case:resolve", "outcome", "root_cause", "note", sentence=_l("resolved the case"))
REOPENED = audit.declare("case:reopen", "reason", sentence=_l("opened the case again"))
CLOSED = audit.declare("case:close", "state", sentence=_l("closed the case"))


class NotFromHere(Refusal):
    """The case is in a state in which this can't be done."""

    code = "not-in-this-state"
    sentence = _l("The case has moved on, and this can't be done any more. Look at its new state.")


class NobodyTakesOver(Refusal):
    """Somebody who leaves owns open cases, and nobody is left who could lead them."""

    code = "nobody-takes-over"
    sentence = _l("Open cases would have no owner. Give them to somebody else, or name another supervisor there first.")


def log(
    *,
    site_id: int,
    team_id: int | None,
    owner_id: int | None,
    customer_id: int | None,
    category_id: int,
    severity: int,
    summary: str,
    actor: Actor,
    now: datetime,
    description: str = "",
    channel: str = "desk",
    occurred_at: datetime | None = None,
    received_at: datetime | None = None,
    journey_stage: str | None = None,
    attribution: str = "unknown",
    loss_minor: int | None = None,
    desired_outcome: str | None = None,
    source: str | None = None,
    source_ref: str | None = None,
) -> Case:
    """Log what went wrong for a customer; its clocks start from when the customer was hit, or was heard.

    occurred_at: when it happened to the customer; None means now. received_at: when we heard of it; None means now.
    """
    permissions.require(actor, "cases.write", site_id=site_id)
    received_at = received_at or now
    occurred_at = occurred_at or received_at
    summary = one_line(summary)
    check_new(severity, summary, description, channel, occurred_at, journey_stage, attribution, now)
    with transaction():
        check_places(site_id, team_id, owner_id, category_id)
        check_customer(customer_id, actor)
        case = Case(
            site_id=site_id, team_id=team_id, owner_id=owner_id, customer_id=customer_id, category_id=category_id,
            severity=severity, channel=channel, journey_stage=journey_stage, attribution=attribution,
            summary=summary, description=description.strip(), loss_minor=loss_minor,
            desired_outcome=(desired_outcome or "").strip() or None, occurred_at=occurred_at, received_at=received_at,
            logged_at=now, logged_by_id=actor.id, state="open", next_due_at=rules.NEVER, source=source,
            source_ref=source_ref, version=1, updated_at=now,
        )  # fmt: skip
        db.session.add(case)
        db.session.flush()
        due = sla.start_case_clocks(
            case_id=case.id, site_id=site_id, team_id=team_id, owner_id=owner_id, severity=severity,
            started_at=occurred_at, received_at=received_at, channel=channel, segment=_segment(customer_id), actor=actor,
            now=now,
        )  # fmt: skip
        case.next_due_at = due or rules.NEVER
        data = {"channel": channel, "occurred_at": occurred_at.isoformat(), "severity": severity}
        add_event(case_id=case.id, kind="logged", actor=actor, at=now, text=description.strip(), data=data)
        index_case(case, new=True)
        _record(
            LOGGED, case, actor, now, summary=case.summary, severity=severity, category=category_id, channel=channel,
            customer=customer_id, occurred_at=occurred_at.isoformat(), owner=owner_id, team=team_id,
        )  # fmt: skip
        return case


def add_note(*, case_id: int, text: str, actor: Actor, now: datetime) -> None:
    """Write an internal note; colleagues read it, the customer never does."""
    check_text(text)
    with transaction():
        case = _case(case_id, actor)
        add_event(case_id=case.id, kind="note", actor=actor, at=now, text=text.strip())
        _touch(case, now)
        _record(NOTED, case, actor, now, length=len(text.strip()))


def acknowledge(*, case_id: int, actor: Actor, now: datetime, channel: str = "desk") -> None:
    """Tell the customer that we heard her."""
    with transaction():
        case = _case(case_id, actor)
        due = _tell_clocks(case, "acknowledged", actor, now)
        add_event(case_id=case.id, kind="acknowledged", actor=actor, at=now)
        _touch(case, now, due=due)
        _record(ACKNOWLEDGED, case, actor, now, channel=channel)


def record_reply(*, case_id: int, text: str, actor: Actor, now: datetime) -> None:
    """Keep what the customer was told, at the desk or by telephone; the first answer stops the first clocks."""
    check_text(text)
    with transaction():
        case = _case(case_id, actor)
        due = _tell_clocks(case, "replied", actor, now)
        add_event(case_id=case.id, kind="replied", actor=actor, at=now, text=text.strip())
        _touch(case, now, due=due)
        _record(REPLIED, case, actor, now, length=len(text.strip()))


def assign(
    *, case_id: int, owner_id: int | None, team_id: int | None, actor: Actor, now: datetime, version: int | None = None
) -> None:
    """Change who answers for the case. The owner must work at the case's site or above it."""
    with transaction():
        case = _case(case_id, actor, version=version)
        check_places(case.site_id, team_id, owner_id, None)
        before = {"owner": case.owner_id, "team": case.team_id}
        after = {"owner": owner_id, "team": team_id}
        if before == after:
            return
        due = sla.reassign(case_id=case.id, team_id=team_id, owner_id=owner_id, actor=actor, now=now)
        case.owner_id, case.team_id = owner_id, team_id
        team = next((team.name for team in people.teams(case.site_id) if team.id == team_id), "")
        add_event(
            case_id=case.id,
            kind="assigned",
            actor=actor,
            at=now,
            text=team if before["team"] != team_id else "",
            data={"before": before, "after": after},
            about_id=owner_id if before["owner"] != owner_id else None,
        )
        _touch(case, now, due=due)
        _record(ASSIGNED, case, actor, now, before=before, after=after)


def change(*, case_id: int, version: int, values: dict[str, Any], actor: Actor, now: datetime) -> None:
    """Change what the case says (summary, description, severity, category_id, attribution, journey_stage) as it was at `version`."""
    allowed = {"summary", "description", "severity", "category_id", "attribution", "journey_stage", "customer_id"}
    assert set(values) <= allowed, sorted(set(values) - allowed)
    with transaction():
        case = _case(case_id, actor, version=version)
        now_is = {key: getattr(case, key) for key in values}
        after = {key: value for key, value in values.items() if value != now_is[key]}
        if not after:
            return
        merged = {key: values.get(key, getattr(case, key)) for key in allowed}
        check_new(
            merged["severity"], merged["summary"], merged["description"], case.channel, case.occurred_at,
            merged["journey_stage"], merged["attribution"], now,
        )  # fmt: skip
        if "category_id" in after:
            check_places(case.site_id, None, None, after["category_id"])
        if "customer_id" in after:
            check_customer(after["customer_id"], actor)
        for key, value in after.items():
            setattr(case, key, value)
        due = case.next_due_at
        if "severity" in after:
            due = sla.retarget(
                case_id=case.id, severity=case.severity, segment=_segment(case.customer_id), channel=case.channel,
                actor=actor, now=now,
            ) or rules.NEVER  # fmt: skip
        before = {key: now_is[key] for key in after}
        add_event(case_id=case.id, kind="changed", actor=actor, at=now, data={"before": before, "after": after})
        _touch(case, now, due=due)
        index_case(case, new=False)
        _record(CHANGED, case, actor, now, before=before, after=after)


def wait(*, case_id: int, waiting_for: str, reason: str, actor: Actor, now: datetime) -> None:
    """Wait for the customer or a third party; an exception that is being decided never stops the customer's clock."""
    if waiting_for not in rules.WAITING_FOR:
        raise BadInput({"waiting_for": [str(_l("Choose whom you wait for."))]})
    with transaction():
        case, state = _moving(case_id, "wait", actor)
        if case.waiting_for and case.waiting_for != waiting_for:
            sla.resume(case_id=case.id, actor=actor, now=now)
        due = _tell_clocks(case, "waited", actor, now, rest=waiting_for)
        case.state, case.waiting_for = state, waiting_for
        add_event(
            case_id=case.id, kind="waiting", actor=actor, at=now, text=reason.strip(), data={"waiting_for": waiting_for}
        )
        _touch(case, now, due=due)
        _record(WAITED, case, actor, now, waiting_for=waiting_for, reason=reason.strip())


def resume(*, case_id: int, actor: Actor, now: datetime) -> None:
    """Go on: what was waited for has come."""
    with transaction():
        case, state = _moving(case_id, "resume", actor)
        due = _tell_clocks(case, "resumed", actor, now)
        waited_for, case.state, case.waiting_for = case.waiting_for, state, None
        add_event(case_id=case.id, kind="resumed", actor=actor, at=now, data={"waited_for": waited_for})
        _touch(case, now, due=due)
        _record(RESUMED, case, actor, now, waited_for=waited_for)


def resolve(
    *, case_id: int, outcome: str, root_cause: str, note: str, actor: Actor, now: datetime, version: int | None = None
) -> None:
    """Resolve the case: how it ended for the customer, and what caused it."""
    check_resolution(outcome, root_cause)
    with transaction():
        case, state = _moving(case_id, "resolve", actor, version=version)
        for hook in hooks.before_resolve:
            hook(case, actor, now)
        _tell_clocks(case, "resolved", actor, now)
        case.state, case.waiting_for = state, None
        case.outcome, case.root_cause, case.resolution_note = outcome, root_cause, note.strip() or None
        case.resolved_at, case.resolved_by_id = now, actor.id
        data = {"outcome": outcome, "root_cause": root_cause}
        add_event(case_id=case.id, kind="resolved", actor=actor, at=now, text=note.strip(), data=data)
        _touch(case, now, due=None)
        _record(RESOLVED, case, actor, now, outcome=outcome, root_cause=root_cause, note=note.strip())


def reopen(*, case_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """Open a resolved case again; its clock goes on from what had elapsed."""
    check_text(reason, field="reason")
    with transaction():
        case, state = _moving(case_id, "reopen", actor)
        case.state = state
        case.outcome = case.root_cause = case.resolution_note = None
        case.resolved_at = case.resolved_by_id = case.closed_at = None
        case.reopened_count += 1
        due = _tell_clocks(case, "reopened", actor, now)
        add_event(case_id=case.id, kind="reopened", actor=actor, at=now, text=reason.strip())
        _touch(case, now, due=due)
        _record(REOPENED, case, actor, now, reason=reason.strip())


def close(*, case_id: int, actor: Actor, now: datetime) -> None:
    """Close a resolved case: nothing more is expected."""
    with transaction():
        case, state = _moving(case_id, "close", actor)
        _tell_clocks(case, "closed", actor, now)
        case.state, case.closed_at = state, now
        add_event(case_id=case.id, kind="closed", actor=actor, at=now)
        _touch(case, now)
        _record(CLOSED, case, actor, now, state="closed")


def add_event(
    *,
    case_id: int,
    kind: str,
    actor: Actor,
    at: datetime,
    text: str = "",
    data: dict[str, Any] | None = None,
    about_id: int | None = None,
) -> None:
    """Add a line to the timeline for a deed of this or a higher room; the deed's own audit entry names it.

    about_id: the employee whom the line is about, where that is somebody else than the actor.
    """
    assert in_transaction()
    assert kind in rules.EVENT_KINDS, kind
    db.session.add(
        CaseEvent(case_id=case_id, at=at, kind=kind, actor_id=actor.id, about_id=about_id, text=text, data=data or {})
    )


def note_given(*, case_id: int, delta_minor: int) -> None:
    """Add settled goodwill (minor units of the site's currency; negative on reversal) to what the queue shows as given."""
    assert in_transaction()
    db.session.execute(
        update(Case)
        .where(Case.id == case_id)
        .values(given_minor=Case.given_minor + delta_minor)
        .execution_options(synchronize_session=False)
    )


def note_due(dues: Mapping[int, datetime | None], now: datetime) -> None:
    """Keep what is due next of open cases, for the queue's order, after something else than a deed on the case moved it."""
    assert in_transaction()
    db.session.connection().execute(
        update(Case)
        .where(Case.id == bindparam("case_id"), Case.resolved_at.is_(None))
        .values(next_due_at=bindparam("due_at")),
        [{"case_id": case_id, "due_at": due or rules.NEVER} for case_id, due in dues.items()],
    )
    for case_id in dues:
        held = db.session.identity_map.get(identity_key(Case, case_id))
        if held is not None:
            db.session.expire(held, ["next_due_at"])


def _case(case_id: int, actor: Actor, *, version: int | None = None) -> Case:
    case = db.session.get(Case, case_id, with_for_update=True)
    if case is None:
        raise NotFound
    permissions.require(actor, "cases.write", site_id=case.site_id)
    if version is not None and case.version != version:
        raise Conflict
    return case


def _moving(case_id: int, deed: str, actor: Actor, *, version: int | None = None) -> tuple[Case, str]:
    """Return the case and the state that the deed leads to; the deed sets it together with what belongs to it."""
    case = _case(case_id, actor, version=version)
    state = rules.next_state(case.state, deed)
    if state is None:
        raise NotFromHere
    return case, state


def _tell_clocks(case: Case, event: str, actor: Actor, now: datetime, *, rest: str | None = None) -> datetime | None:
    """Let the clocks do what their policy says about this event; returns what is due next."""
    segment = _segment(case.customer_id)
    about = {"segment": segment, "channel": case.channel, "rest": rest}
    return sla.happened(case_id=case.id, event=event, actor=actor, now=now, **about)


def _segment(customer_id: int | None) -> str | None:
    """By which targets may be narrowed."""
    return segment_of(customer_id) if customer_id else None


def _touch(case: Case, now: datetime, *, due: datetime | Literal["same"] | None = "same") -> None:
    case.version += 1
    case.updated_at = now
    if due != "same":
        case.next_due_at = due or rules.NEVER
    db.session.flush()


def hand_over(*, employee_id: int, actor: Actor, now: datetime) -> None:
    """Give the open cases of somebody who leaves to whom leads there, so that none is left without an owner.

    The deed that calls this has checked who may; raises NobodyTakesOver when a site has nobody left.
    """
    statement = select(Case).where(Case.owner_id == employee_id, Case.resolved_at.is_(None)).order_by(Case.id)
    heirs: dict[tuple[int, int | None], int | None] = {}
    for case in db.session.scalars(statement.with_for_update()):
        place = (case.site_id, case.team_id)
        if place not in heirs:
            heirs[place] = next((one for one in people.supervisors_for(*place) if one != employee_id), None)
        heir = heirs[place]
        if heir is None:
            raise NobodyTakesOver
        before = {"owner": case.owner_id, "team": case.team_id}
        after = {"owner": heir, "team": case.team_id}
        due = sla.reassign(case_id=case.id, team_id=case.team_id, owner_id=heir, actor=actor, now=now)
        case.owner_id = heir
        data = {"before": before, "after": after}
        add_event(case_id=case.id, kind="assigned", actor=actor, at=now, data=data, about_id=heir)
        _touch(case, now, due=due)
        _record(ASSIGNED, case, actor, now, before=before, after=after)


def index_case(case: Case, *, new: bool) -> None:
    """Put what a case is found by into the index; never the customer's name, by which it is found through the customer."""
    body = rules.search_text(case.summary, case.description, case.ref, case.source_ref, case.site_id)
    CASE_SEARCH.put([(case.id, body)], new=new)


def _record(entry: audit.EntryType, case: Case, actor: Actor, now: datetime, **said: Any) -> None:
    audit.record(entry, subject=case.ref, actor=actor, at=now, case_id=case.id, site_id=case.site_id, **said)
