"""Rows of the rooms as the API says them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from app.api import reads
from app.api import schemas_out as given
from app.api.endpoints import Call
from app.api.schemas import RemedyIn
from app.approvals import queries as approvals
from app.approvals.queries import RequestRow
from app.audit.queries import TrailRow
from app.budgets.actions import PurseExhausted
from app.budgets.queries import PurseRow
from app.cases import queries as cases
from app.cases.queries import QueueRow
from app.customers import queries as customers
from app.kernel.errors import NotFound
from app.kernel.references import ref
from app.people.permissions import scope_of
from app.remedies import queries
from app.remedies.models import Remedy
from app.remedies.queries import Judged
from app.sla import queries as sla
from app.sla.queries import ClockView
from app.sla.why_queries import Why


def case(case_id: int, call: Call) -> given.CaseOut:
    """Return a case within the caller's scope; NotFound for any other."""
    page = cases.case_page(ref("case", case_id), call.scope("cases.read"))
    if page is None:
        raise NotFound
    row = page.case
    codes = {found.id: found.code for found in cases.categories()}
    return given.CaseOut(
        ref=row.ref,
        state=row.state,
        version=row.version,
        severity=row.severity,
        category=codes[row.category_id],
        summary=row.summary,
        description=row.description,
        channel=row.channel,
        attribution=row.attribution,
        site=page.site_code,
        team=page.team,
        owner=ref("employee", row.owner_id) if row.owner_id else None,
        customer=ref("customer", row.customer_id) if row.customer_id else None,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        logged_at=row.logged_at,
        waiting_for=row.waiting_for,
        outcome=row.outcome,
        root_cause=row.root_cause,
        resolved_at=row.resolved_at,
        reopened_count=row.reopened_count,
        clocks=[clock(view) for view in sla.clocks_of_case(case_id, call.now, with_why=False)],
        remedies=[
            given.RemedyRowOut(
                ref=found.ref,
                state=found.state,
                kind=found.kind,
                nature=found.nature,
                amount=given.MoneyOut.of(found.amount),
                created_at=found.created_at,
            )
            for found in queries.remedies_of_case(case_id)
        ],
    )


def case_rows(rows: Sequence[QueueRow]) -> list[given.CaseRowOut]:
    codes = {found.name: found.code for found in cases.categories()} if rows else {}
    return [
        given.CaseRowOut(
            ref=row.ref,
            state=row.state,
            severity=row.severity,
            category=codes.get(row.category, row.category),
            summary=row.summary,
            customer=ref("customer", row.customer_id) if row.customer_id else None,
            owner=ref("employee", row.owner_id) if row.owner_id else None,
            next_due_at=row.due_at,
        )
        for row in rows
    ]


def clock(row: ClockView) -> given.ClockOut:
    return given.ClockOut(
        ref=row.ref,
        case=row.case_ref,
        milestone=row.milestone,
        state=row.state,
        started_at=row.started_at,
        due_at=row.due_at,
        stopped_at=row.stopped_at,
        target_seconds=row.target_seconds,
        left_seconds=row.left_seconds,
    )


def clock_why(row: ClockView, found: Why) -> given.ClockWhyOut:
    names = found.names
    days = [
        given.ClockDayOut(
            on=day.on.isoformat(),
            name=names.get(day.on.isoformat(), ""),
            why=day.why,
            counted_seconds=day.counted_seconds,
            paused_seconds=day.paused_seconds,
            left_seconds=day.left_seconds,
        )
        for day in row.why
    ]
    days += [
        given.ClockDayOut(
            on=step.on.isoformat(),
            name=names.get(step.on.isoformat(), ""),
            why=step.why,
            counted_seconds=None,
            paused_seconds=None,
            left_seconds=None,
            number=step.number,
        )
        for step in found.steps
    ]
    return given.ClockWhyOut(
        clock=clock(row),
        elapsed_seconds=row.elapsed_seconds,
        wall_elapsed_seconds=row.wall_elapsed_seconds,
        paused_wall_seconds=row.paused_seconds,
        source=found.pack.source if found.pack else None,
        days=days,
    )


def purse(row: PurseRow) -> given.PurseOut:
    return given.PurseOut(
        ref=row.ref,
        unit=row.unit,
        period=row.period,
        employee=ref("employee", row.employee_id) if row.employee_id else None,
        team=ref("team", row.team_id) if row.team_id else None,
        limit=given.MoneyOut.minor(row.limit_minor, row.currency),
        reserved=given.MoneyOut.minor(row.reserved_minor, row.currency),
        settled=given.MoneyOut.minor(row.settled_minor, row.currency),
        headroom=given.MoneyOut.minor(row.left_minor, row.currency),
    )


def customer(customer_id: int, call: Call) -> given.CustomerOut:
    """Return a customer within the caller's scope, with the cases that the caller may see."""
    card = customers.card(customer_id, call.scope("customers.read"))
    if card is None:
        raise NotFound
    seen = scope_of(call.actor, "cases.read")
    return given.CustomerOut(
        ref=card.ref,
        name=card.name,
        email=card.email,
        phone=card.phone,
        language=card.language,
        cases=case_rows(cases.cases_of_customer(card.numbers, seen).rows) if seen else [],
    )


def entry(row: TrailRow) -> given.AuditOut:
    payload = row.payload
    return given.AuditOut(
        id=row.id,
        number=row.number,
        type=row.type,
        subject=row.subject,
        case=ref("case", row.case_id) if row.case_id else None,
        actor=str(orjson.loads(row.content)["actor"]),
        at=row.at,
        recorded_at=row.recorded_at,
        said={name: value for name, value in payload.items() if not name.startswith("_")} if payload else None,
        chain_hash=row.chain_hash,
    )


def decision(receipt: Mapping[str, Any] | None) -> given.DecisionOut | None:
    """Return a receipt as the judge wrote it, or None for a remedy that none was judged for."""
    return given.DecisionOut.model_validate(receipt) if receipt else None


def judged(found: Judged, call: Call) -> given.DecisionOut:
    """Return a decision with the policy's version, and how long an exception takes here."""
    answer = given.DecisionOut.model_validate(found.decision.json())
    waits = approvals.waits((found.spending.site_id,), call.now)
    wait = given.WaitOut(n=waits.count, p50_seconds=waits.p50_seconds, p90_seconds=waits.p90_seconds)
    return answer.model_copy(update={"policy_version": found.in_force.version.number, "wait": wait})


@contextmanager
def whole_decision(case_id: int, said: RemedyIn, call: Call) -> Iterator[None]:
    """Add the decision, judged anew, to the refusal of somebody who was a moment too late."""
    try:
        yield
    except PurseExhausted as refusal:
        again = queries.can_i(
            case_id=case_id,
            kind=said.kind,
            amount=said.amount.money(),
            nature=said.nature,
            actor=call.actor,
            now=call.now,
        )
        refusal.details.setdefault("decision", again.decision.json())
        raise


def remedy(row: Remedy) -> given.RemedyOut:
    return given.RemedyOut(
        ref=row.ref,
        state=row.state,
        case=ref("case", row.case_id),
        kind=row.kind,
        nature=row.nature,
        amount=given.MoneyOut.minor(row.amount_minor, row.currency),
        reason=row.reason,
        version=row.version,
        created_at=row.created_at,
        expires_at=row.expires_at,
        decision=decision(row.decision),
    )


def exception(exception_id: int, call: Call) -> given.ExceptionOut:
    found = approvals.request_row(exception_id, call.scope("exceptions.read"))
    if found is None:
        raise NotFound
    return exceptions((found,))[0]


def exceptions(rows: Sequence[RequestRow]) -> list[given.ExceptionOut]:
    """Return requests with the receipts of their remedies, in one query more."""
    receipts = reads.receipts([row.remedy_id for row in rows if row.remedy_id])
    return [
        given.ExceptionOut(
            ref=row.ref,
            state=row.state,
            case=row.case_ref,
            remedy=ref("remedy", row.remedy_id) if row.remedy_id else None,
            kind=row.kind,
            amount=given.MoneyOut.of(row.amount),
            granted=given.MoneyOut.of(row.granted) if row.granted else None,
            reason=row.reason,
            requested_by=ref("employee", row.requested_by_id),
            decided_by=ref("employee", row.decided_by_id) if row.decided_by_id else None,
            decision_reason=row.decision_reason,
            asked_at=row.asked_at,
            expires_at=row.expires_at,
            decision=decision(receipts.get(row.remedy_id or 0)),
        )
        for row in rows
    ]
