"""Exceptions: ask for more than the own authority, see what waits, decide."""

from app.api import answers
from app.api import schemas as taken
from app.api import schemas_out as given
from app.api.cursors import page_of, signed
from app.api.endpoints import Call, endpoint, identity
from app.approvals import actions as deciding
from app.approvals import bound_queries
from app.approvals import queries as approvals
from app.approvals.rules import Allowed
from app.kernel.transactions import transaction
from app.people.step_up import ProofNeeded
from app.remedies import actions as remedies


@endpoint(
    "POST",
    "/cases/{ref}/exceptions",
    "Ask for a remedy above your own authority; nothing is reserved until somebody else approves it",
    permission="exceptions.ask",
    answer=given.ExceptionOut,
    body=taken.ExceptionIn,
    status=201,
    writes=True,
    has_intent=True,
)
def ask_exception(call: Call, ref: str) -> given.ExceptionOut:
    request = remedies.ask_exception(
        case_id=identity("case", ref),
        kind=call.body.kind,
        amount=call.body.amount.money(),
        reason=call.body.reason,
        intent=call.intent,
        actor=call.actor,
        now=call.now,
    )
    return answers.exception(request.id, call)


@endpoint(
    "GET",
    "/exceptions",
    "List exceptions",
    permission="exceptions.read",
    answer=given.ExceptionPage,
    query=taken.ExceptionQuery,
)
def list_exceptions(call: Call) -> given.ExceptionPage:
    page = page_of(f"exceptions-{call.query.tab}", call.query.cursor, call.query.limit)
    found = approvals.inbox(call.scope("exceptions.read"), call.query.tab, page)
    after = signed(f"exceptions-{call.query.tab}", found.next_cursor)
    return given.ExceptionPage(items=answers.exceptions(found.rows), next=after)


@endpoint(
    "POST",
    "/exceptions/{ref}/decisions",
    "Decide an exception; approved money is reserved at once",
    permission="exceptions.decide",
    answer=given.ExceptionOut,
    body=taken.ExceptionDecisionIn,
    status=201,
    writes=True,
)
def decide_exception(call: Call, ref: str) -> given.ExceptionOut:
    said: taken.ExceptionDecisionIn = call.body
    with transaction():
        _refuse_without_proof(identity("exception", ref), said, call)
        request = remedies.decide_exception(
            exception_id=identity("exception", ref),
            outcome=said.outcome,
            amount=said.amount.money() if said.amount else None,
            reason=said.reason,
            actor=call.actor,
            now=call.now,
        )
    # Whoever decided it has seen it, also for somebody else outside of their own reach.
    decided = approvals.request_row(request.id)
    assert decided is not None
    return answers.exceptions((decided,))[0]


def _refuse_without_proof(exception_id: int, said: taken.ExceptionDecisionIn, call: Call) -> None:
    """Refuse what a page would ask a second factor for: a program has none, so a person decides it there.

    It asks about the request as it is decided, under its lock, and of whoever may decide it: also a stand-in outside of
    their own reach. Whoever may not is refused by the decision itself, and learns no more from here.
    """
    request = deciding.locked(exception_id)
    row = approvals.request_row(exception_id)
    if row is None or said.outcome == "declined":
        return
    granted = said.amount.money() if said.amount else request.amount
    # Another currency is refused by the decision.
    is_above = granted.currency == row.currency and bound_queries.bounds(row.currency).asks_for_proof(granted)
    if is_above and isinstance(approvals.standing([row], call.now).answer(row.id, call.actor), Allowed):
        raise ProofNeeded
